"""What the system tells of a process, where it has /proc."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

_UTIME, _STIME, _RSS = 11, 12, 21
"""Fields of /proc/PID/stat after the program's name, which ends with the last parenthesis."""

_PROC: Final = Path("/proc")


class Usage(NamedTuple):
    """What a process uses of the machine."""

    resident_bytes: int
    cpu_seconds: float


def usage_of(pid: int) -> Usage | None:
    """Return what a process uses; None where that is not told, or the process has ended."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    fields = stat.rpartition(b")")[2].split()
    ticks = int(fields[_UTIME]) + int(fields[_STIME])
    return Usage(int(fields[_RSS]) * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK"))
