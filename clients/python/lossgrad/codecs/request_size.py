"""The size of a request, told before it: so a server can refuse what it has no room for.

gRPC shows a server its messages whole. What the metadata `KEY` tells comes before them.
"""

from __future__ import annotations

from typing import Final

KEY: Final = "x-lossgrad-request-bytes"
"""Metadata key of the size."""

_DIGITS: Final = 10
"""Of the largest size: gRPC keeps its limits in signed 32-bit integers."""


def encode_size(size: int) -> tuple[tuple[str, str], ...]:
    """Return the metadata of a message with `size` bytes."""
    return ((KEY, str(size)),)


def decode_size(value: object) -> int | None:
    """Return the size that the metadata tells; None where it is no number."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _DIGITS:
        return int(value)
    return None
