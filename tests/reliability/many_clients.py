"""Clients that live for one call each, in a process of their own, and what they leave behind.

``python -m tests.reliability.many_clients WAY TARGET COUNT`` makes a tenth of `COUNT` clients,
looks at what the process holds, makes the rest, and tells what it held and holds as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import pickle
import re
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import lossgrad

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.05

BATCH = {"scores": [[1.0, 2.0, 3.0]], "labels": [2]}


@dataclass(frozen=True)
class Holdings:
    """What a process holds, or how much more than before."""

    kibibytes: int
    descriptors: int
    threads: int

    def __sub__(self, before: Holdings) -> Holdings:
        return Holdings(
            self.kibibytes - before.kibibytes,
            self.descriptors - before.descriptors,
            self.threads - before.threads,
        )

    def __str__(self) -> str:
        return (
            f"{self.kibibytes:+d} KiB, descriptors {self.descriptors:+d}, threads {self.threads:+d}"
        )


def closed(target: str) -> None:
    """A client that is closed."""
    with lossgrad.Client(target) as client:
        client.compute(**BATCH)


def dropped(target: str) -> None:
    """A client that nobody closes."""
    lossgrad.Client(target).compute(**BATCH)


def in_threads(target: str) -> None:
    """A client whose call is under way in a thread of its own."""
    with lossgrad.Client(target) as client:
        client.compute_future(**BATCH).result(PATIENCE_SECONDS)


def pickled(target: str) -> None:
    """A copy of a client, beside the one that it is of."""
    with lossgrad.Client(target) as client, pickle.loads(pickle.dumps(client)) as copy:
        copy.compute(**BATCH)


def forked(target: str) -> None:
    """A client that a fork uses, too; its memory, descriptors and threads end with it."""
    with lossgrad.Client(target) as client:
        client.compute(**BATCH)
        child = os.fork()
        if child == 0:
            client.compute(**BATCH)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        client.compute(**BATCH)


async def awaiting(target: str) -> None:
    """A client for event loops."""
    async with lossgrad.AsyncClient(target) as client:
        await client.compute(**BATCH)


BLOCKING = {each.__name__: each for each in (closed, dropped, in_threads, pickled, forked)}
WAYS = (*BLOCKING, awaiting.__name__)


def left_by(way: str, target: str, count: int) -> Holdings:
    """Make so many clients in a child process; return what nine tenths of them left there."""
    command = [sys.executable, "-m", __name__, way, target, str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    before, after = (Holdings(**each) for each in json.loads(done.stdout))
    return after - before


async def _measure(way: str, target: str, count: int) -> tuple[Holdings, Holdings]:
    await _make(way, target, count // 10)
    before = _holdings()
    await _make(way, target, count - count // 10)
    return before, await _holdings_back_at(before)


async def _make(way: str, target: str, count: int) -> None:
    for _ in range(count):
        if way in BLOCKING:
            BLOCKING[way](target)
        else:
            await awaiting(target)


async def _holdings_back_at(before: Holdings) -> Holdings:
    """Return what this process holds, at the latest when it has had time to let go of it.

    The system counts a thread, and gRPC keeps a socket, a moment longer than Python does.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        after = _holdings()
        more = after - before
        if (more.descriptors <= 0 and more.threads <= 0) or time.monotonic() > end:
            return after
        await asyncio.sleep(LOOK_SECONDS)


def _holdings() -> Holdings:
    """Return what this process holds, once the threads of closed clients have ended."""
    gc.collect()
    end = time.monotonic() + PATIENCE_SECONDS
    while any(thread.name == "lossgrad" for thread in threading.enumerate()):
        assert time.monotonic() < end, "threads of clients that are gone go on"
        time.sleep(LOOK_SECONDS)
    own = Path("/proc/self")
    memory = re.search(r"RssAnon:\s+(\d+) kB", (own / "status").read_text())
    assert memory is not None
    count = (len(os.listdir(own / "fd")), len(os.listdir(own / "task")))
    return Holdings(int(memory[1]), *count)


if __name__ == "__main__":
    measured = asyncio.run(_measure(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    print(json.dumps([asdict(each) for each in measured]))
