"""BLAS on one thread while lossgrad computes.

How many threads share a product decides where its sums are cut, hence its bits. The
setting belongs to the whole process, so the first that enters limits it and the
last that leaves puts back what it found: `local:` leaves the caller's own setting
as it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import OpenBLASController, ThreadpoolController


@cache
def _controller() -> ThreadpoolController:
    """Return the controller of this process's BLAS; finding the libraries takes milliseconds."""
    return ThreadpoolController()


def _limit() -> Callable[[], None]:
    """Hold BLAS at one thread and return what undoes it."""
    with _every_thread_heeded():
        restore = _controller().limit(limits=1, user_api="blas").restore_original_limits

    def undo() -> None:
        with _every_thread_heeded():
            restore()

    return undo


@contextmanager
def _every_thread_heeded() -> Iterator[None]:
    """Let this thread set OpenBLAS, whichever set it last, and the next one after it.

    threadpoolctl 3.8 heeds the first thread that sets OpenBLAS and silently no other
    as long as that one lives; a hold may be taken and left by any thread.
    """
    disown = getattr(OpenBLASController, "clear_controlling_thread", None)
    if disown is None:
        yield
        return
    disown(force=True)
    try:
        yield
    finally:
        disown(force=True)


class SharedHold:
    """Something that is held while at least one thread is inside.

    Parameters
    ----------
    take
        Called by the first that enters; returns the function that the last one
        that leaves calls.
    """

    def __init__(self, take: Callable[[], Callable[[], None]]) -> None:
        self._take = take
        self._lock = Lock()
        self._inside = 0
        self._release: Callable[[], None] | None = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Hold within a with-block; may be nested and entered from many threads."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def forget(self) -> None:
        """Count nobody inside, and free the lock: for a fork, where the others are not."""
        self._lock = Lock()
        self._inside = 0

    def _enter(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._release = self._take()
            self._inside += 1

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._release is not None:
                self._release()


one_thread = SharedHold(_limit)
"""``with one_thread():`` holds BLAS at one thread."""

if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(after_in_child=one_thread.forget)
