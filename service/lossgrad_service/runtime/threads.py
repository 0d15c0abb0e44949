"""The threads that compute."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from lossgrad_service.core import one_thread


@contextmanager
def compute_threads(count: int) -> Iterator[Executor]:
    """Yield `count` threads for calls; BLAS stays on one thread as long as they live.

    Each call would hold BLAS by itself; held here, it is not set anew for every one.
    """
    threads = ThreadPoolExecutor(count, "lossgrad-compute")
    with one_thread():
        try:
            yield threads
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
