"""Attempts over gRPC, and forks, which wait for each other.

A child's copy of gRPC goes on where the parent's stood: it reads what the parent waits for
from sockets that both have, and waits for threads that it does not have. Between attempts
there is nothing to go on with.

Whatever must not fail is a method of a built-in type. Nothing interrupts those, while a
Ctrl-C during a fork is raised in the first Python function that is called after it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from functools import cache
from threading import RLock, get_ident
from typing import Final

from lossgrad.deadline import Deadline

LONGEST_WAIT: Final = 10.0
"""Seconds after which a fork goes on, whatever is under way; it waits for nothing twice."""

LOOK_SECONDS: Final = 0.001
"""Between two looks of whoever waits."""


class Attempt:
    """One attempt, under way in its block: ``with`` in threads, ``async with`` in event loops.

    The block is given the seconds that are left once no fork is being made. A fork waits for
    the blocks of other threads; those of its own thread could not go on meanwhile.

    Parameters
    ----------
    timeout
        Seconds from now on.

    Raises
    ------
    DeadlineExceeded
        On entering, where none are left.
    """

    __slots__ = ("_deadline", "thread")

    def __init__(self, timeout: float) -> None:
        self.thread = get_ident()
        self._deadline = Deadline(timeout)

    def __enter__(self) -> float:
        while (left := self._begin()) is None:
            time.sleep(LOOK_SECONDS)
        return left

    def __exit__(self, *_: object) -> None:
        _under_way.discard(self)
        _register_unless_forking()

    async def __aenter__(self) -> float:
        while (left := self._begin()) is None:
            await asyncio.sleep(LOOK_SECONDS)
        return left

    async def __aexit__(self, *_: object) -> None:
        _under_way.discard(self)
        _register_unless_forking()

    def _begin(self) -> float | None:
        """Return the seconds that are left, or None where a fork comes first."""
        left = self._deadline.remaining()
        # In this order, and a fork in the other: one of both sees what the other has done.
        _under_way.add(self)
        if not _forking or self.thread in _forking:
            return left
        _under_way.discard(self)
        return None


_under_way: set[Attempt] = set()
_forking: set[int] = set()
"""The thread that makes a fork, if any."""

_one_fork = RLock()
"""Reentrant for a signal's handler that forks while a fork waits."""


def _wait_for_others() -> None:
    thread, end = get_ident(), time.monotonic() + LONGEST_WAIT
    _forking.add(thread)
    while (others := _others(thread)) and time.monotonic() < end:
        time.sleep(LOOK_SECONDS)
    _under_way.difference_update(others)


def _others(thread: int) -> set[Attempt]:
    return {attempt for attempt in _under_way.copy() if attempt.thread != thread}


def _register() -> None:
    """Have forks wait; what is registered last is called first before a fork, and last after it."""
    if not hasattr(os, "register_at_fork"):
        return  # nor are there forks
    os.register_at_fork(
        before=_wait_for_others, after_in_parent=_forking.clear, after_in_child=_forking.clear
    )
    os.register_at_fork(after_in_child=_under_way.clear)
    os.register_at_fork(
        before=_one_fork.acquire,
        after_in_parent=_one_fork.release,
        after_in_child=_one_fork.release,
    )


_register()


@cache
def make_forks_wait() -> None:
    """Have forks wait before hooks of gRPC's own are called, once it has been used.

    It has such hooks where GRPC_ENABLE_FORK_SUPPORT is set. They stop its threads, and no
    attempt would end after them. All of ours may be called twice.
    """
    _to_register.append(_register)
    _register_unless_forking()


_to_register: list[Callable[[], None]] = []


def _register_unless_forking() -> None:
    """Register what is left to register, but no hooks after a fork whose hooks before it are over.

    A fork that waits for the attempt which opens the first channel is such a one; this attempt
    registers at its end, or another.
    """
    if _to_register and not _forking and _one_fork.acquire(blocking=False):
        try:
            while _to_register:
                _to_register.pop()()
        finally:
            _one_fork.release()
