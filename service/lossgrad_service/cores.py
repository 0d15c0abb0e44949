"""The cores that this process computes on."""

from __future__ import annotations

import os

_sharing = 1


def share_cores(processes: int) -> None:
    """Say that this process is one of `processes` that have the machine's cores together."""
    global _sharing  # noqa: PLW0603
    _sharing = processes


def available_cores() -> int:
    """Return the number of cores that this process may run on: its share, and at least one."""
    return max(1, _cores_of_the_process() // _sharing)


def _cores_of_the_process() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
