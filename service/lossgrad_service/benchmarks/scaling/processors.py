"""Seconds of processors, which hardly depend on who else uses them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from lossgrad_service.benchmarks.memory import PROCESSES, family
from lossgrad_service.benchmarks.timing import Call, calls_for

COUNTED_SECONDS: Final = 0.5
"""Of calls that are counted, one at least: the system counts in hundredths of a second."""

_USER, _SYSTEM = 11, 12
"""Fields of ``/proc/PID/stat`` behind the process's name and state, from 0."""


class Spent(NamedTuple):
    """Seconds of processors that a call took."""

    caller: float
    busiest: float
    """Of the server that took most."""


def spent_by(call: Call, servers: Sequence[int]) -> Spent:
    """Return what a call takes in this process and in servers, given by their processes."""
    caller, before = time.process_time(), [_used(pid) for pid in servers]
    count = len(calls_for(COUNTED_SECONDS, call))
    used = [_used(pid) - start for pid, start in zip(servers, before, strict=True)]
    return Spent((time.process_time() - caller) / count, max(used) / count)


def _used(pid: int) -> float:
    return sum(map(_used_alone, family(pid)))


def _used_alone(pid: int) -> float:
    fields = (PROCESSES / str(pid) / "stat").read_text().rpartition(") ")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK")
