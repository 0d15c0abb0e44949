"""One `client` fixture runs every behaviour test over every transport."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import lossgrad
from lossgrad_service import core
from tests import running

# The same examples in every run, and none fails for its time: machines differ.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.register_profile("searching", deadline=None, max_examples=1000)
settings.load_profile("fixed")

# One process, unless a test says otherwise: two take twice as long to start.
os.environ.setdefault("LOSSGRAD_WORKERS", "1")

TRANSPORTS = ("local", "grpc", "grpc-aio", "stream", "unix", "shared", "http", "sharded")
EXAMPLES = {"local": 100}
"""Drawn examples of one property; a transport changes no arithmetic, so that few will do."""

FEW_EXAMPLES = 5


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> None:
    """Compile what is not yet: no test then waits for it, nor sees what is said of it."""
    core.warm_up()


@pytest.fixture(scope="session")
def addresses() -> Iterator[dict[str, str]]:
    """Targets of a server that runs as long as the tests do, by protocol."""
    with running.running_next_door() as served:
        yield served.server.addresses


@pytest.fixture(scope="module")
def neighbour() -> Iterator[running.Running]:
    """A server next door that is a module's own."""
    with running.running_next_door() as served:
        yield served


@pytest.fixture(scope="module")
def socket_path(neighbour: running.Running) -> Path:
    path = neighbour.server.settings.unix_socket
    assert path is not None
    return path


@pytest.fixture(scope="session")
def clients(addresses: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Clients over every transport, by its name; all have `compute(**arguments)`."""
    with ExitStack() as stack:
        loop = stack.enter_context(running.event_loop())
        opened = {
            "local": lossgrad.Client("local:"),
            "grpc": lossgrad.Client(addresses["gRPC"]),
            "grpc-aio": running.Blocking(addresses["gRPC"], loop),
            "stream": running.Streaming(addresses["gRPC"]),
            "unix": lossgrad.Client(addresses["Unix"]),
            "shared": running.Sharing(addresses["Unix"]),
            "http": lossgrad.Client(addresses["HTTP"]),
            "sharded": running.Sharded([addresses["gRPC"]] * 3),
        }
        yield {name: stack.enter_context(closing(client)) for name, client in opened.items()}


@pytest.fixture(scope="session")
def clients_of_one_server(clients: dict[str, Any]) -> list[Any]:
    """All but that of several servers, which adds sums over rows in another order."""
    return [client for name, client in clients.items() if name != "sharded"]


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def client(transport: str, clients: dict[str, Any]) -> Any:
    return clients[transport]


@pytest.fixture
def examples(transport: str) -> int:
    return EXAMPLES.get(transport, FEW_EXAMPLES)
