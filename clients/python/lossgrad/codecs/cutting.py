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


def cut(arrays: Mapping[str, Array]) -> Iterator[list[Chunk]]:
    """Yield the arrays, whole and in order, as the chunks of messages of 4 MiB at most."""
    held: list[Chunk] = []
    room = MESSAGE_BYTES
    for name, array in arrays.items():
        data = tensors.pack_view(array)[2]
        for start in range(0, len(data), MESSAGE_BYTES):
            chunk = Chunk(name, start, data[start : start + MESSAGE_BYTES])
            if held and len(chunk.data) > room:
                yield held
                held, room = [], MESSAGE_BYTES
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
    computed = _power_of_two_within(MESSAGE_ENTRIES // (width + ROW_ENTRIES))
    return max(computed, _power_of_two_within(MESSAGE_BYTES // row_bytes))


def _power_of_two_within(number: int) -> int:
    return 1 << (max(1, number).bit_length() - 1)
