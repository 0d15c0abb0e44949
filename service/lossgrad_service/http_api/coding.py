"""How bodies are compressed, both ways."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple


class Coding(NamedTuple):
    """A way to compress."""

    name: str
    """As HTTP has it."""
    window_bits: int
    """By which zlib knows what stands before and after the compressed bytes."""


GZIP: Final = Coding("gzip", 16 + zlib.MAX_WBITS)

DEFLATE: Final = Coding("deflate", zlib.MAX_WBITS)
"""In HTTP that is zlib's own format."""

GZIPPED: Final[Mapping[str, Coding]] = {"gzip": GZIP, "x-gzip": GZIP}
"""What HTTP calls gzip."""

COMPRESSED: Final[Mapping[str, Coding]] = {**GZIPPED, "deflate": DEFLATE}
"""What HTTP calls either."""

_QUICKEST: Final = 1
"""Numbers of floats hardly shrink, however long one tries."""


def compressed(contents: bytes, coding: Coding | None) -> bytes:
    """Return contents in a coding, or as they are."""
    if coding is None:
        return contents
    deflater = zlib.compressobj(_QUICKEST, wbits=coding.window_bits)
    return deflater.compress(contents) + deflater.flush()


def asked_for(accepted: str) -> Coding | None:
    """Return the coding that a caller asks for by the header ``accept-encoding``.

    Libraries name all that they can read with every call, which asks for nothing: only a
    single name does.
    """
    return COMPRESSED.get(accepted.strip().lower())
