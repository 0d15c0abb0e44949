"""How the numbers of a benchmark are written."""

from __future__ import annotations


def rounded(number: float, digits: int) -> str:
    """Return a number of so many digits."""
    return f"{float(f'{number:.{digits}g}'):,g}"


def told_bytes(count: int) -> str:
    """Return a number of bytes in kB, or in MB from one on, of three digits."""
    return f"{rounded(count / 1e6, 3)} MB" if count >= 1e6 else f"{rounded(count / 1e3, 3)} kB"
