"""The workers of a service: which of them are ready, and how one of them is ended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3

from tests.abuse.served import LOOK_SECONDS, Served, serving
from tests.metrics.reading import values_in
from tests.running import PATIENCE_SECONDS

REAL_END = ("--lame-duck-seconds", "1", "--shutdown-grace-seconds", "20")
"""As in real life: callers learn of a worker's end before it takes no more calls."""


class Fleet:
    """The workers of a service; used by one thread."""

    def __init__(self, served: Served) -> None:
        self.addresses = served.child.addresses
        self._served = served
        self._metrics = urllib3.PoolManager(retries=urllib3.Retry(PATIENCE_SECONDS))

    def workers(self) -> list[int]:
        """Return the process ids of the workers, that which runs longest first."""
        _, *workers = self._served.processes()
        return sorted(workers, key=_started)

    def replace(self, how: signal.Signals) -> float:
        """End the worker that runs longest by a signal; return after how long another is ready."""
        restarts, began = self._restarts(), time.monotonic()
        os.kill(self.workers()[0], how)
        while self._restarts() == restarts or not self._is_whole():
            assert time.monotonic() < began + PATIENCE_SECONDS, "no worker took its place"
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - began

    def _restarts(self) -> float:
        return sum(self._told("lossgrad_worker_restarts_total"))

    def _is_whole(self) -> bool:
        return all(self._told("lossgrad_worker_ready"))

    def _told(self, name: str) -> list[float]:
        """Return what any of the workers tells of all of them."""
        # A connection of its own, as the worker of the last one may be ending.
        answer = self._metrics.request(
            "GET", f"{self.addresses['HTTP']}/metrics", headers={"connection": "close"}
        )
        values = values_in(answer.data.decode())
        return [value for key, value in values.items() if key[0] == name]


def _started(pid: int) -> int:
    """Return when a process was started, in the system's ticks."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(after_name[19])


@contextmanager
def fleet(*flags: str) -> Iterator[Fleet]:
    """Run a service of two workers until the block is left."""
    with serving(*REAL_END, *flags) as served:
        yield Fleet(served)
