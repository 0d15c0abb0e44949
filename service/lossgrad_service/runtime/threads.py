"""The threads that compute."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress

from lossgrad_service.runtime.blas import blas


@contextmanager
def compute_threads(count: int, niceness: int) -> Iterator[Executor]:
    """Yield `count` threads for calls; BLAS stays on one thread as long as they live.

    Checks multiply by NumPy, whose own threads would give way to nobody.

    Parameters
    ----------
    count
        How many.
    niceness
        What they add to their process's: of 5 they leave three quarters of a core to the event
        loop, and to the spare thread, while those need it.
    """
    threads = ThreadPoolExecutor(count, "lossgrad-compute", _give_way, (niceness,))
    with blas.held():
        try:
            yield threads
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


@contextmanager
def spare_thread() -> Iterator[Executor]:
    """Yield a thread for the calls of those who would wait for others; see `Slots`."""
    thread = ThreadPoolExecutor(1, "lossgrad-spare")
    try:
        yield thread
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


def _give_way(niceness: int) -> None:
    """Be nice to other threads; elsewhere than on Linux the whole process would be."""
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may forbid it
            os.nice(niceness)
