"""A core for the service and the others for its callers: what is measured is then the service.

On shared cores the system's scheduler decides whom of them a flood slows down.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

import lossgrad
from tests.abuse.served import Served, serving
from tests.reliability.attempts import Caller
from tests.reliability.crowd import Crowd, crowd

_CORES = sorted(os.sched_getaffinity(0))
_OF_SERVICE, _OF_CALLERS = _CORES[:1], _CORES[1:]

FLOODING_NICENESS = 10
"""Of who floods, so that it does not take the core from who calls beside it."""


@contextmanager
def serving_apart(*flags: str) -> Iterator[Served]:
    """Run the service on a core of its own, with the one worker and thread of one core."""
    with ExitStack() as stack:
        with _starting_on(_OF_SERVICE):
            served = stack.enter_context(serving(*flags, workers=1))
        with lossgrad.Client(served.child.addresses["gRPC"]) as client:
            assert client.info().compute_threads == 1
        yield served


@contextmanager
def crowd_apart(caller: Caller, niceness: int = 0) -> Iterator[Crowd]:
    """Run a crowd on the cores that the service does not have."""
    with ExitStack() as stack:
        with _starting_on(_OF_CALLERS):
            each = stack.enter_context(crowd(caller, niceness))
        yield each


@contextmanager
def _starting_on(cores: Collection[int]) -> Iterator[None]:
    """Have the processes that are started within run on some cores."""
    assert cores, "the service and its callers need a core each"
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, _CORES)
