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
from threading import Lock, get_ident

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
        self._inside: dict[Hold, int] = {}
        """The thread that entered, for each with-block that is not left."""
        self._release: Callable[[], None] | None = None

    def __call__(self) -> Hold:
        """Hold within a with-block; may be nested and entered from many threads."""
        return Hold(self)

    def survive_forks(self) -> None:
        """Keep this right in forked children: the thread that forks goes on, the others are not.

        A fork waits for who is just taking or releasing, so that the child finds
        either done.
        """
        if hasattr(os, "register_at_fork"):  # Windows has no forks
            os.register_at_fork(
                before=self._await_others,
                after_in_parent=self._let_others_go_on,
                after_in_child=self._forget_others,
            )

    def _await_others(self) -> None:
        self._lock.acquire()

    def _let_others_go_on(self) -> None:
        self._lock.release()

    def _forget_others(self) -> None:
        self._lock = Lock()
        for block, thread in list(self._inside.items()):
            if thread != get_ident():
                self.leave(block)

    def enter(self, block: Hold) -> None:
        """Enter a with-block."""
        with self._lock:
            if not self._inside:
                self._release = self._take()
            self._inside[block] = get_ident()

    def leave(self, block: Hold) -> None:
        """Leave a with-block, unless a fork has done it."""
        with self._lock:
            entered = self._inside.pop(block, None) is not None
            if entered and not self._inside and self._release is not None:
                self._release()


class Hold:
    """One with-block of a `SharedHold`; small calls have no time for a generator."""

    __slots__ = ("_shared",)

    def __init__(self, shared: SharedHold) -> None:
        self._shared = shared

    def __enter__(self) -> None:
        self._shared.enter(self)

    def __exit__(self, *_: object) -> None:
        self._shared.leave(self)


one_thread = SharedHold(_limit)
"""``with one_thread():`` holds BLAS at one thread."""

one_thread.survive_forks()
