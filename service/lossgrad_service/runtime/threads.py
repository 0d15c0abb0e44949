"""The threads that compute."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from lossgrad_service.core import one_thread

NICENESS: Final = 5
"""Of threads that compute: they leave three quarters of a core to the event loop, and to the spare
thread, while those need it. A control group or session has its own share in any case.
"""


@contextmanager
def compute_threads(count: int) -> Iterator[Executor]:
    """Yield `count` threads for calls; BLAS stays on one thread as long as they live.

    Each call would hold BLAS by itself; held here, it is not set anew for every one.
    """
    threads = ThreadPoolExecutor(count, "lossgrad-compute", _give_way)
    with one_thread():
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


def _give_way() -> None:
    """Be nice to other threads; elsewhere than on Linux the whole process would be."""
    if sys.platform == "linux":
        os.nice(NICENESS)
