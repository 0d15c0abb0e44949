"""A few slots of shared memory, through which arrays of any size pass."""

from __future__ import annotations

from dataclasses import replace
from queue import SimpleQueue
from typing import Final, NamedTuple, Self

import numpy as np

from lossgrad.codecs.sharing import NotShared
from lossgrad.shared_memory.arena import Arena
from lossgrad.shared_memory.place import Place, place_of
from lossgrad.types.arrays import Array

MOST_SLOTS: Final = 2
"""One that is computed, and one that is emptied and filled meanwhile."""


class Slot(NamedTuple):
    """Some bytes, and where the server finds them."""

    memory: Array
    place: Place | None
    """None where it has no bytes."""


class Window:
    """Hands out slots, each of which comes back before it is handed out once more.

    Parameters
    ----------
    memory
        (slots, bytes).
    place
        Where it lies; None where it has no bytes.
    """

    def __init__(self, memory: Array, place: Place | None) -> None:
        self.memory = memory
        self.place = place
        self._free: SimpleQueue[Slot | None] = SimpleQueue()
        for number, slot in enumerate(memory):
            at = number * memory.shape[1]
            self._free.put(Slot(slot, place and replace(place, start=place.start + at)))

    @classmethod
    def of(cls, count: int, slot_bytes: int, arena: Arena) -> Self:
        """Return a window of so many slots, `MOST_SLOTS` at most.

        Raises
        ------
        NotShared
            Where the server does not take their memory.
        OSError
            Where there is none.
        """
        memory = arena.empty((min(count, MOST_SLOTS), slot_bytes), np.dtype(np.uint8))
        place = place_of(memory, arena)
        if slot_bytes and place is None:
            raise NotShared("the server does not take the memory of slots")
        return cls(memory, place)

    def take(self) -> Slot | None:
        """Return a slot as soon as one is free; None after `end`."""
        return self._free.get()

    def give(self, slot: Slot) -> None:
        """Have a slot be free."""
        self._free.put(slot)

    def end(self) -> None:
        """Have nobody wait any more."""
        self._free.put(None)
