"""How much memory a server holds while it answers large calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from lossgrad_service.benchmarks.results import Memory
from lossgrad_service.benchmarks.servers import running_lossgrad, running_reference
from lossgrad_service.benchmarks.ways import WAYS, names
from lossgrad_service.benchmarks.workloads import Workload
from lossgrad_service.child import Child

PROCESSES: Final = Path("/proc")
"""Where Linux tells of processes; elsewhere no memory is measured."""

CALLS = 3

SMALL: Final = Workload.parse("A")
LARGE: Final = Workload.parse("D")


def resident(pid: int) -> Memory:
    """Return the resident bytes of a process and of all that come of it, now and at their peaks.

    Pages that processes share are shared out among them, so that they count once; the
    peaks of two processes may not have been at the same time.
    """
    now, peak = zip(*map(_resident_alone, family(pid)), strict=True)
    return Memory(sum(now), sum(peak))


def _resident_alone(pid: int) -> tuple[int, int]:
    """Return a process's proportional bytes, and these with what it has given back since."""
    told = PROCESSES / str(pid)
    sizes = _sizes(told / "status") | _sizes(told / "smaps_rollup")
    return sizes["Pss"], sizes["Pss"] + sizes["VmHWM"] - sizes["VmRSS"]


def _sizes(path: Path) -> dict[str, int]:
    """Return the bytes in a file that tells kibibytes by name."""
    found = re.findall(r"^(\w+):\s+(\d+) kB$", path.read_text(), re.MULTILINE)
    return {name: 1024 * int(size) for name, size in found}


def family(pid: int) -> Iterator[int]:
    """Yield a process and all that come of it."""
    yield pid
    for thread in (PROCESSES / str(pid) / "task").iterdir():
        for child in _children(thread):
            yield from family(child)


def _children(thread: Path) -> list[int]:
    """Return the processes that a thread began, none where it has just ended."""
    try:
        return [int(child) for child in (thread / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def memory_of_large_calls() -> dict[str, Memory]:
    """Return what servers that are started for it hold, by the way that calls them."""
    return {
        names.STREAM: _grown(running_lossgrad(), names.STREAM),
        names.GRPCIO: _grown(running_reference("tutorial_grpcio"), names.GRPCIO),
    }


def _grown(server: AbstractContextManager[Child], name: str) -> Memory:
    """Return the memory of a server after a small call, and at its peak by large ones."""
    way = WAYS[name]
    with server as child:
        target = child.addresses[way.server]
        _call(name, target, SMALL, 1)
        idle = resident(child.pid).idle
        _call(name, target, LARGE, CALLS)
        return Memory(idle, resident(child.pid).peak)


def _call(name: str, target: str, workload: Workload, times: int) -> None:
    with WAYS[name].open(target, workload) as call:
        for _ in range(times):
            call()
