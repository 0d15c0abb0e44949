"""BLAS on one thread while servers run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

from threadpoolctl import threadpool_limits

Result = TypeVar("Result")


class _Blas:
    """Held at one thread while at least one server runs.

    Its setting is the process's, and servers may overlap: the first limits it, and the last that
    leaves puts back what was found.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._holders = 0
        self._limits: threadpool_limits | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it in a with-block."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            if self._holders == 0:
                self._limits = _in_brief_thread(_limit)
            self._holders += 1

    def _leave(self) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0 and self._limits is not None:
                _in_brief_thread(self._limits.restore_original_limits)


blas = _Blas()


def _limit() -> threadpool_limits:
    return threadpool_limits(limits=1, user_api="blas")


def _in_brief_thread(work: Callable[[], Result]) -> Result:
    """Return what `work` returns in a thread that is gone then.

    As long as the thread lives that set OpenBLAS, threadpoolctl heeds no other: a server may be
    stopped by another thread than started it.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()
