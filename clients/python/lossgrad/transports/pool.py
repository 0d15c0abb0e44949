"""Threads for calls under way, which end with the program whatever they wait for.

`concurrent.futures.ThreadPoolExecutor` would keep the interpreter from exiting until
its last call has an answer, and all that wait behind it.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from lossgrad.transports.closed import closed_error

Done = TypeVar("Done")
Job = tuple["Future[Any]", Callable[[], Any]]


class DaemonPool:
    """At most `size` threads, each made when no other is free; work beyond waits its turn."""

    def __init__(self, size: int) -> None:
        self._missing = size
        self._lock = threading.Lock()
        self._is_closed = False
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._free = threading.Semaphore(0)
        # A pool that nobody closed lets go of its threads, too.
        weakref.finalize(self, self._jobs.put, None).atexit = False

    def submit(self, work: Callable[[], Done]) -> Future[Done]:
        """Return the future of what `work` returns or raises.

        Raises
        ------
        InvalidArgument
            After `close`.
        """
        future = Future[Done]()
        with self._lock:
            if self._is_closed:
                raise closed_error()
            self._jobs.put((future, work))
            if self._missing and not self._free.acquire(blocking=False):
                self._missing -= 1
                self._begin_thread()
        return future

    def close(self) -> None:
        """Refuse further work; what was submitted is still done."""
        with self._lock:
            self._is_closed = True
            self._jobs.put(None)

    def cancel(self) -> None:
        """Refuse further work, also what waits; what has begun ends by itself."""
        self.close()
        with suppress(Empty):
            while job := self._jobs.get_nowait():
                job[0].cancel()
        self._jobs.put(None)  # for the threads

    def _begin_thread(self) -> None:
        work = (self._jobs, self._free)
        threading.Thread(target=_work, args=work, name="lossgrad", daemon=True).start()


def _work(jobs: SimpleQueue[Job | None], free: threading.Semaphore) -> None:
    """Do jobs until there are none any more; knows nothing of the pool, which may be dropped."""
    while True:
        job = jobs.get()
        if job is None:
            jobs.put(None)  # for the next thread
            return
        _do(*job)
        del job  # and the arrays with it
        free.release()


def _do(future: Future[Any], work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as error:  # whatever it is, it belongs to who asks for the result
        future.set_exception(error)
