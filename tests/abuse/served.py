"""A real ``lossgrad serve`` to be abused, and what it holds of the machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import lossgrad
from lossgrad_service.benchmarks.memory import family, resident
from lossgrad_service.child import Child
from lossgrad_service.child.process import COMMAND, running_child
from tests.running import PATIENCE_SECONDS

MEBIBYTE = 2**20
ADDRESS_LINES = 2
LOOK_SECONDS = 0.05
"""Between two looks at what a server holds."""

CALM_SECONDS = 0.3
CALM_SHARE = 0.3
"""Of one core; a thousand slow clients take a tenth."""

Address = tuple[str, int]

ONE_ROW = {"scores": [[1.0, 2.0, 3.0]], "labels": [2]}
LOSS = 0.4076059644443803


@dataclass(frozen=True)
class Holdings:
    """What a server and its workers hold."""

    memory: int
    descriptors: int
    threads: int

    def __str__(self) -> str:
        memory = self.memory / MEBIBYTE
        return f"{memory:.0f} MiB, {self.descriptors} descriptors, {self.threads} threads"


@dataclass(frozen=True)
class Served:
    """A running service."""

    child: Child

    @property
    def grpc(self) -> Address:
        return _address_of(self.child.addresses["gRPC"])

    @property
    def http(self) -> Address:
        return _address_of(self.child.addresses["HTTP"])

    def processes(self) -> tuple[int, ...]:
        """Return the ids of the supervisor and of its workers; a new worker has a new one."""
        return tuple(sorted(family(self.child.pid)))

    def holdings(self) -> Holdings:
        """Return what all its processes hold now."""
        processes = self.processes()
        return Holdings(
            resident(self.child.pid).idle,
            sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in processes),
            sum(len(os.listdir(f"/proc/{pid}/task")) for pid in processes),
        )

    def holdings_back_at(self, before: Holdings, *, memory: int) -> Holdings:
        """Return what it holds once that is as before, but for so many bytes; fail where not.

        Threads are grpcio's own, which it makes when it is busy and keeps: a few more are no leak.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while not _is_back(now := self.holdings(), before, memory):
            assert time.monotonic() < end, f"before: {before}; still {now}"
            time.sleep(LOOK_SECONDS)
        return now

    def wait_until_calm(self) -> None:
        """Return once it hardly computes, as after thousands of calls have arrived."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self._busy_share() > CALM_SHARE:
            assert time.monotonic() < end, "the service never came to rest"

    def _busy_share(self) -> float:
        before = self.processor_seconds()
        time.sleep(CALM_SECONDS)
        return (self.processor_seconds() - before) / CALM_SECONDS

    def processor_seconds(self) -> float:
        """Return how long its processes have computed until now."""
        return sum(map(_processor_seconds, self.processes()))

    def assert_answers(self) -> None:
        """Make a healthy call over each protocol, on connections of its own."""
        for target in self.child.addresses.values():
            with lossgrad.Client(target, timeout=PATIENCE_SECONDS) as client:
                assert abs(client.compute(**ONE_ROW).loss - LOSS) < 1e-12


def _processor_seconds(pid: int) -> float:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


MORE_THREADS = 8


def _is_back(now: Holdings, before: Holdings, memory: int) -> bool:
    return (
        now.descriptors <= before.descriptors
        and now.threads <= before.threads + MORE_THREADS
        and now.memory <= before.memory + memory
    )


@contextmanager
def serving(*flags: str, workers: int = 2) -> Iterator[Served]:
    """Run the service with these flags until the block is left."""
    command = (*COMMAND, "--workers", str(workers), "--log-level", "error", *flags)
    with running_child(command, ADDRESS_LINES) as child:
        served = Served(child)
        served.assert_answers()
        yield served


def _address_of(target: str) -> Address:
    parts = urlsplit(target if "//" in target else f"//{target}")
    return str(parts.hostname), int(parts.port or 0)
