"""The size of a request, told before it: so a server can refuse what it has no room for.

gRPC shows a server its messages whole. What the metadata `KEY` tells comes before them.
"""

from __future__ import annotations

from typing import Final

KEY: Final = "x-lossgrad-request-bytes"
"""Metadata key of the size."""

TOLD_FROM: Final = 2**18
"""Bytes above which a message is announced; servers have room for smaller ones."""

_DIGITS: Final = 10
"""Of the largest size: gRPC keeps its limits in signed 32-bit integers."""


def encode_size(size: int) -> tuple[tuple[str, str], ...]:
    """Return the metadata of a message with `size` bytes: none where it is small."""
    return ((KEY, str(size)),) if size > TOLD_FROM else ()


def decode_size(value: object) -> int | None:
    """Return the size that the metadata tells; None where it is no number."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _DIGITS:
        return int(value)
    return None
