"""A service of its own, and a loop for clients that need one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

import lossgrad
from lossgrad_service.child import COMMAND, running_child
from tests.running import event_loop


@pytest.fixture(scope="session")
def addresses() -> Iterator[dict[str, str]]:
    with running_child((*COMMAND, "--workers", "1"), lines=2) as child:
        yield child.addresses


@pytest.fixture(scope="session")
def ours(addresses: dict[str, str]) -> Iterator[lossgrad.Client]:
    with lossgrad.Client(addresses["gRPC"]) as client:
        yield client


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with event_loop() as running:
        yield running
