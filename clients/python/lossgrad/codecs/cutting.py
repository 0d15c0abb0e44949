"""Arrays cut into messages of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lossgrad.codecs import tensors
from lossgrad.codecs.chunks import Chunk
from lossgrad.types import Array

MESSAGE_BYTES: Final = 2**22 - 2**16
"""What a message holds: it is below 4 MiB, the most that gRPC takes unless told otherwise.

Larger ones gain nothing, and both ends hold some of them.
"""

MESSAGE_ENTRIES: Final = 1 << 20
"""Entries of the widest rows of a message: with rows that many at a time the server computes."""

ROW_ENTRIES: Final = 64
"""What the server counts for a row beside its entries."""

SUMMED_ROWS: Final = 256
"""Rows of which a server makes sums and matrix products at a time, if they are not too wide."""

SUMMED_BYTES: Final = 32 * 2**20
"""Of the widest rows of which it does so; in the dtype of the computation."""


def cut(arrays: Mapping[str, Array], most: int = MESSAGE_BYTES) -> Iterator[list[Chunk]]:
    """Yield the arrays, whole and in order, as the chunks of messages.

    Each holds `most` bytes of them, or `MESSAGE_BYTES` if that is less.
    """
    held: list[Chunk] = []
    room = most = min(most, MESSAGE_BYTES)
    for name, array in arrays.items():
        data = tensors.pack_view(array)[2]
        for start in range(0, len(data), most):
            chunk = Chunk(name, start, data[start : start + most])
            if held and len(chunk.data) > room:
                yield held
                held, room = [], most
            held.append(chunk)
            room -= len(chunk.data)
    if held:
        yield held


def rows_per_message(width: int, row_bytes: int) -> int:
    """Return how many rows a message carries: a power of two.

    Parameters
    ----------
    width
        Extent of the widest of the axes C, D and P.
    row_bytes
        Bytes of the inputs of a row, or of its outputs if they are more.

    Returns
    -------
    int
        What the server computes at a time, about 2^20 scores, or as many times that as
        fit into `MESSAGE_BYTES`.
    """
    return max(rows_of_scores(width), rows_within(MESSAGE_BYTES, row_bytes))


def rows_of_scores(width: int) -> int:
    """Return how many rows of scores the server computes at a time: a power of two.

    Parameters
    ----------
    width
        As in `rows_per_message`.
    """
    return _power_of_two_within(MESSAGE_ENTRIES // (width + ROW_ENTRIES))


def rows_of_products(width: int, itemsize: int) -> int:
    """Return a multiple of the rows of which the server makes sums and products at a time.

    Parameters
    ----------
    width
        As in `rows_per_message`.
    itemsize
        Bytes of an entry in the dtype of the computation.
    """
    summed = min(SUMMED_ROWS, rows_within(SUMMED_BYTES, width * itemsize))
    return max(rows_of_scores(width), summed)


def rows_within(size: int, row_bytes: int) -> int:
    """Return how many rows fit into `size` bytes: a power of two, 1 at least."""
    return _power_of_two_within(size // row_bytes)


def _power_of_two_within(number: int) -> int:
    return 1 << (max(1, number).bit_length() - 1)
