"""How an array without rows travels: where it lies, or by a copy that lies in shared memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lossgrad.codecs.shared_pieces import SharedPiece
from lossgrad.shared_memory.arena import Arena
from lossgrad.shared_memory.place import Place, place_of
from lossgrad.types.arrays import Array

COPIED_BYTES: Final = 16 * 2**20
"""Of an array at most that a copy stands in for."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A parameter, or a sum over the rows."""

    name: str
    array: Array
    here: Array
    """What the server reads or writes: the array itself, or what stands in for it."""
    place: Place

    def piece(self) -> SharedPiece:
        """Return what to tell of it."""
        return self.place.piece(self.name, 0, self.here.nbytes, at=0)

    def fill(self) -> None:
        """Have what the server reads be as the array is."""
        if self.here is not self.array:
            self.here[...] = self.array


def wholes_of(arrays: Mapping[str, Array], arena: Arena) -> list[Whole]:
    """Return how arrays travel, but for those that are too large to stand in for, or have no place.

    Raises
    ------
    OSError
        Where there is no memory for what stands in for them.
    """
    found: list[Whole] = []
    for name, array in arrays.items():
        here = array
        place = place_of(array, arena)
        if place is None and 0 < array.nbytes <= COPIED_BYTES:
            here = arena.empty(array.shape, array.dtype.newbyteorder("<"))
            place = place_of(here, arena)
        if place is not None:
            found.append(Whole(name, array, here, place))
    return found
