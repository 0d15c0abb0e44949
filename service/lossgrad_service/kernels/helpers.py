"""The threads that help whoever computes.

Whom Linux wakes it likes to put beside who woke them, as that is where the data is; where the other
core was busy a moment ago, two threads that compute for milliseconds share one and leave the other
idle until the balance is looked at. So helpers stay off the core of who asks them.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import get_native_id
from typing import Final

from lossgrad_service.cores import available_cores

FEW_CORES: Final = 8
"""Where there are more some are idle, and as many threads would have to be told."""

_core: Callable[[], int] | None = (
    getattr(ctypes.PyDLL(None), "sched_getcpu", None) if sys.platform == "linux" else None
)
"""Returns the number of the core that this thread runs on; None where the system does not tell."""


class Helpers:
    """A pool with one thread fewer than there are cores."""

    def __init__(self) -> None:
        cores = available_cores()
        self._pool = ThreadPoolExecutor(max(1, cores - 1), "lossgrad-kernel", self._begin)
        self._threads: list[int] = []
        self._are_movable = 1 < cores <= FEW_CORES
        self._avoided: int | None = None
        """The core that all of them stay off."""

    def ask(self, work: Callable[[], None]) -> Future[None]:
        """Have a helper do some work as soon as one is free.

        Raises
        ------
        RuntimeError
            At the interpreter's end.
        """
        return self._pool.submit(work)

    def leave_this_core(self) -> None:
        """Have helpers run on any core that the calling thread may use but the one that it uses.

        A call of the system for each helper, and none as long as it stays where it is.
        """
        if _core is None or not self._are_movable or get_native_id() in self._threads:
            return
        core = _core()
        if core != self._avoided and (others := os.sched_getaffinity(0) - {core}):
            self._avoided = core
            for thread in self._threads:
                with suppress(OSError):  # a sandbox may forbid it
                    os.sched_setaffinity(thread, others)

    def _begin(self) -> None:
        self._threads.append(get_native_id())
        self._avoided = None
