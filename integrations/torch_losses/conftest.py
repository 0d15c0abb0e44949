"""A client over each protocol, to one server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from integrations.torch_losses.recording import Recording
from tests.running import running_server

os.environ.setdefault("LOSSGRAD_WORKERS", "1")

PROTOCOLS = ("local", "gRPC", "HTTP")


@pytest.fixture(scope="session")
def addresses() -> Iterator[dict[str, str]]:
    with running_server() as served:
        yield {"local": "local:", "gRPC": served.grpc, "HTTP": served.http}


@pytest.fixture(scope="session")
def clients(addresses: dict[str, str]) -> Iterator[dict[str, Recording]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(Recording(addresses[name])) for name in PROTOCOLS}


@pytest.fixture(params=PROTOCOLS)
def remote(request: pytest.FixtureRequest, clients: dict[str, Recording]) -> Recording:
    """A client over each protocol in turn."""
    return clients[request.param]


@pytest.fixture(scope="session")
def client(clients: dict[str, Recording]) -> Recording:
    """A client in this process."""
    return clients["local"]
