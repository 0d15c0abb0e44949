"""What a compressed body holds, and no more of it than is allowed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Final

from lossgrad.errors import InvalidArgument, TooLarge
from lossgrad_service.http_api.body import too_large
from lossgrad_service.http_api.coding import GZIP, Coding

MAX_EXPANSION: Final = 100
"""How many times longer than the body its contents may be, where they are long at all."""

FREE_BYTES: Final = 1 << 20
"""Contents that are not long: every expansion up to here is taken."""

_SLICE_BYTES = 1 << 14
"""Fed at a time, because what is left of them once a piece is full is copied."""

_PIECE_BYTES = 1 << 16
"""Most that is inflated before its length is looked at."""


def inflate(
    body: bytes | bytearray,
    limit: int,
    checkpoint: Callable[[], None] = lambda: None,
    coding: Coding = GZIP,
) -> bytearray:
    """Return the contents of a body that is compressed once, by default one gzip member.

    `checkpoint` is called between its pieces; what it raises ends this.

    Raises
    ------
    TooLarge
        Where the contents are longer than `limit` bytes, or than `MAX_EXPANSION` allows.
        No more than that is ever held.
    InvalidArgument
        Where the body is not of this coding, is damaged, breaks off, or goes on behind its end.
    """
    expansion = max(FREE_BYTES, MAX_EXPANSION * len(body))
    contents = bytearray()
    for piece in _pieces(body, coding):
        checkpoint()
        if len(contents) + len(piece) > limit:
            raise too_large("inflates to", limit)
        if len(contents) + len(piece) > expansion:
            raise _too_dense()
        contents += piece
    return contents


def most_contents(body: bytes | bytearray, limit: int) -> int:
    """Return the bytes that a body may inflate to, by `inflate` within `limit`."""
    return min(limit, max(FREE_BYTES, MAX_EXPANSION * len(body)))


def _pieces(body: bytes | bytearray, coding: Coding) -> Iterator[bytes]:
    """Yield the contents of a body in order."""
    inflater, name = zlib.decompressobj(coding.window_bits), coding.name
    for start in range(0, len(body), _SLICE_BYTES):
        data: bytes | memoryview = memoryview(body)[start : start + _SLICE_BYTES]
        while data:
            if inflater.eof:
                raise _wrong(f"goes on behind the end of its {name} data; send a single member")
            try:
                yield inflater.decompress(data, _PIECE_BYTES)
            except zlib.error as error:
                raise _wrong(f"is not {name}: {error}") from None
            data = inflater.unconsumed_tail or inflater.unused_data
    if not inflater.eof:
        raise _wrong(f"breaks off before the end of its {name} data")


def _wrong(text: str) -> InvalidArgument:
    return InvalidArgument.at("", f"the body {text}")


def _too_dense() -> TooLarge:
    return TooLarge(
        f"the body inflates to more than {MAX_EXPANSION} times its size, which is taken up to "
        f"{FREE_BYTES} bytes; send it without content-encoding",
        limit="expansion",
    )
