"""Bodies and messages that inflate to more than they should, or to nothing."""

from __future__ import annotations

import gzip
import random
import zlib

from tests.security.good import SENT
from tests.security.rows import LISTS, NOT_TAKEN, TOO_LARGE, Row, body

GOOD = SENT[LISTS].content
GZIP = gzip.compress(GOOD)
MEBIBYTE = 2**20


def inflated(content: bytes) -> Row:
    return body(content, content_encoding="gzip")


def bomb(content: bytes) -> Row:
    return body(content, "expansion", TOO_LARGE, content_encoding="gzip")


def coded(coding: str, content: bytes = GOOD) -> Row:
    return body(content, refused=NOT_TAKEN, content_encoding=coding)


def spoiled(place: int) -> bytes:
    return GZIP[:place] + bytes([GZIP[place] ^ 0xFF]) + GZIP[place + 1 :]


ROWS: dict[str, Row] = {
    "a bomb of zeros": bomb(gzip.compress(bytes(16 * MEBIBYTE))),
    "a bomb of blanks before a good call": bomb(gzip.compress(b" " * 3 * MEBIBYTE + GOOD)),
    "a bomb in a bomb": inflated(gzip.compress(gzip.compress(bytes(64 * MEBIBYTE)))),
    "contents over the limit": body(
        gzip.compress(random.Random(0).randbytes(2 * MEBIBYTE + 1)),
        "max_request_bytes",
        TOO_LARGE,
        content_encoding="gzip",
    ),
    "many members": inflated(GZIP * 3),
    "a member and zeros": inflated(GZIP + bytes(16)),
    "a member and text": inflated(GZIP + b"{}"),
    "nothing": inflated(b""),
    "no gzip": inflated(GOOD),
    "zlib": inflated(zlib.compress(GOOD)),
    "raw deflate": inflated(zlib.compress(GOOD)[2:-4]),
    "half": inflated(GZIP[: len(GZIP) // 2]),
    "all but the last byte": inflated(GZIP[:-1]),
    "a wrong checksum": inflated(spoiled(len(GZIP) - 8)),
    "a wrong length": inflated(spoiled(len(GZIP) - 4)),
    "another method": inflated(spoiled(2)),
    "wrong codes": inflated(spoiled(12)),
    **{
        f"the coding {coding!r}": coded(coding)
        for coding in (
            "deflate",
            "br",
            "zstd",
            "compress",
            "gzip, gzip",
            "gzip, identity",
            "*",
            "gzip;q=1",
            "x" * 4000,
        )
    },
}
