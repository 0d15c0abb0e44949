"""Where arrays lie in memory that a server has."""

from __future__ import annotations

from dataclasses import dataclass

from lossgrad.codecs.shared_pieces import SharedPiece
from lossgrad.codecs.sharing import NotShared
from lossgrad.shared_memory.arena import Arena
from lossgrad.shared_memory.segment import Segment
from lossgrad.types.arrays import Array


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bytes of an array begin."""

    segment: Segment
    handle: bytes
    """By which the server knows the segment."""
    start: int

    def piece(self, name: str, offset: int, size: int, *, at: int) -> SharedPiece:
        """Return what to tell of a piece that begins `at` bytes further on."""
        return SharedPiece(name, offset, self.handle, self.start + at, size)


def place_of(array: Array, arena: Arena) -> Place | None:
    """Return where an array lies as it would travel; None where the server cannot reach it so."""
    is_as_sent = array.flags.c_contiguous and array.dtype.newbyteorder("<") == array.dtype
    found = arena.place_of(array) if is_as_sent and array.size else None
    if found is None:
        return None
    segment, start = found
    try:
        return Place(segment, segment.handle(), start)
    except NotShared:
        return None
