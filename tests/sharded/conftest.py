"""Several servers, and clients of 1, 2 and 4 of them, of both forms."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest

import lossgrad
from tests.running import BlockingSharded, Sharded, event_loop, running_server

AnySharded = Sharded | BlockingSharded
Several = Callable[..., AnySharded]


@pytest.fixture(scope="package")
def targets() -> Iterator[list[str]]:
    with ExitStack() as stack:
        yield [stack.enter_context(running_server()).grpc for _ in range(4)]


@pytest.fixture(scope="package")
def single(targets: list[str]) -> Iterator[lossgrad.Client]:
    with lossgrad.Client(targets[0]) as client:
        yield client


@pytest.fixture(scope="package")
def loop() -> Iterator[AbstractEventLoop]:
    with event_loop() as loop:
        yield loop


@pytest.fixture(params=["blocking", "aio"])
def several(request: pytest.FixtureRequest, loop: AbstractEventLoop) -> Several:
    """What makes a client of several servers."""
    return {"blocking": Sharded, "aio": partial(BlockingSharded, loop=loop)}[request.param]


@pytest.fixture(scope="package", params=["1", "2", "4", "4 aio"])
def sharded(
    request: pytest.FixtureRequest, targets: list[str], loop: AbstractEventLoop
) -> Iterator[AnySharded]:
    count, *form = request.param.split()
    some = targets[: int(count)]
    with BlockingSharded(some, loop) if form else Sharded(some) as client:
        yield client
