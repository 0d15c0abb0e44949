"""What a gzip body holds, and no more of it than is allowed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Final

from lossgrad.errors import InvalidArgument, TooLarge
from lossgrad_service.http_api.body import too_large

MAX_EXPANSION: Final = 100
"""How many times longer than the body its contents may be, where they are long at all."""

FREE_BYTES: Final = 1 << 20
"""Contents that are not long: every expansion up to here is taken."""

_GZIP = 16 + zlib.MAX_WBITS
"""Window bits by which zlib expects the header and the trailer of gzip."""

_SLICE_BYTES = 1 << 14
"""Fed at a time, because what is left of them once a piece is full is copied."""

_PIECE_BYTES = 1 << 16
"""Most that is inflated before its length is looked at."""


def inflate(
    body: bytes | bytearray, limit: int, checkpoint: Callable[[], None] = lambda: None
) -> bytearray:
    """Return the contents of a body that is one gzip member.

    `checkpoint` is called between its pieces; what it raises ends this.

    Raises
    ------
    TooLarge
        Where the contents are longer than `limit` bytes, or than `MAX_EXPANSION` allows.
        No more than that is ever held.
    InvalidArgument
        Where the body is not gzip, is damaged, breaks off, or goes on behind its end.
    """
    expansion = max(FREE_BYTES, MAX_EXPANSION * len(body))
    contents = bytearray()
    for piece in _pieces(body):
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


def _pieces(body: bytes | bytearray) -> Iterator[bytes]:
    """Yield the contents of a body in order."""
    inflater = zlib.decompressobj(_GZIP)
    for start in range(0, len(body), _SLICE_BYTES):
        data: bytes | memoryview = memoryview(body)[start : start + _SLICE_BYTES]
        while data:
            if inflater.eof:
                raise _wrong("goes on behind the end of its gzip data; send a single member")
            try:
                yield inflater.decompress(data, _PIECE_BYTES)
            except zlib.error as error:
                raise _wrong(f"is not gzip: {error}") from None
            data = inflater.unconsumed_tail or inflater.unused_data
    if not inflater.eof:
        raise _wrong("breaks off before the end of its gzip data")


def _wrong(text: str) -> InvalidArgument:
    return InvalidArgument.at("", f"the body {text}")


def _too_dense() -> TooLarge:
    return TooLarge(
        f"the body inflates to more than {MAX_EXPANSION} times its size, which is taken up to "
        f"{FREE_BYTES} bytes; send it without content-encoding",
        limit="expansion",
    )
