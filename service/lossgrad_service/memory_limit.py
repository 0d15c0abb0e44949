"""The memory that this process may take: the machine's, or what its container has of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_GROUPS = Path("/proc/self/cgroup")
_MOUNT = Path("/sys/fs/cgroup")

_UNKNOWN = 4 * 2**30
"""What a machine is taken to have that does not tell."""


def memory_limit(groups: Path = _GROUPS, mount: Path = _MOUNT) -> int:
    """Return the bytes of memory that there are, or that a control group allows, if that is less.

    Parameters
    ----------
    groups
        Tells which control groups this process is in.
    mount
        Where these are.
    """
    return min([_machine(), *_limits(groups, mount)])


def _machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return _UNKNOWN


def _limits(groups: Path, mount: Path) -> Iterator[int]:
    for place in _places(groups, mount):
        try:
            text = place.read_text().strip()
        except OSError:
            continue
        if text.isdecimal():
            yield int(text)


def _places(groups: Path, mount: Path) -> Iterator[Path]:
    """Yield where limits may stand: those of a control group and of all that it is in."""
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        inner = PurePosixPath(path.lstrip("/"))
        for folder in (inner, *inner.parents):
            if not controllers:
                yield mount / folder / "memory.max"
            elif "memory" in controllers.split(","):
                yield mount / "memory" / folder / "memory.limit_in_bytes"
