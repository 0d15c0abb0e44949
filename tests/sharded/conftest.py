"""Several servers, and clients of 1, 2 and 4 of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

import lossgrad
from tests.running import Sharded, running_server


@pytest.fixture(scope="package")
def targets() -> Iterator[list[str]]:
    with ExitStack() as stack:
        yield [stack.enter_context(running_server()).grpc for _ in range(4)]


@pytest.fixture(scope="package")
def single(targets: list[str]) -> Iterator[lossgrad.Client]:
    with lossgrad.Client(targets[0]) as client:
        yield client


@pytest.fixture(scope="package", params=[1, 2, 4])
def sharded(request: pytest.FixtureRequest, targets: list[str]) -> Iterator[Sharded]:
    with Sharded(targets[: request.param]) as client:
        yield client
