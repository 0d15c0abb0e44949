"""Figures as a person reads them."""

from __future__ import annotations


def told_seconds(seconds: float) -> str:
    """Return a time of three digits in µs, ms or s."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{_rounded(seconds / size)} {unit}"
    return f"{_rounded(seconds / 1e-6)} µs"


def told_size(count: int) -> str:
    """Return a number of bytes in the unit in which it has few digits."""
    for unit, size in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{_rounded(count / size)} {unit}"
    return f"{count} bytes"


def told_count(count: int, what: str) -> str:
    """Return a number of things, of which there may be one."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _rounded(number: float) -> str:
    return f"{float(f'{number:.3g}'):,g}"
