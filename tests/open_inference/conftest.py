"""Callers of both ports of one server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.open_inference.ports import Grpc, Rest


@pytest.fixture(scope="session")
def over_grpc(addresses: dict[str, str]) -> Iterator[Grpc]:
    with closing(Grpc(addresses["gRPC"])) as port:
        yield port


@pytest.fixture(scope="session")
def rest(addresses: dict[str, str]) -> Iterator[Rest]:
    with closing(Rest(addresses["HTTP"])) as port:
        yield port


@pytest.fixture(params=["gRPC", "REST"])
def port(request: pytest.FixtureRequest, over_grpc: Grpc, rest: Rest) -> Any:
    return over_grpc if request.param == "gRPC" else rest
