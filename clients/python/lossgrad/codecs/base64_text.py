"""Bytes as base64 text, and back.

By pybase64 where it is there, as it is with the service: it takes and gives the same texts
as the standard library, five times as fast.
"""

from __future__ import annotations

try:
    from pybase64 import b64decode, b64encode
except ImportError:
    from base64 import b64decode, b64encode


def encode(data: memoryview) -> str:
    """Return bytes as base64 text, in one line."""
    return b64encode(data).decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes of a base64 text.

    Raises
    ------
    ValueError
        Where it has any character or padding that base64 does not.
    """
    return b64decode(text, validate=True)
