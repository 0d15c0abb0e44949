"""Numbers that several processes write, each its own row, and each of them reads whole."""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import Final

from lossgrad_service.metrics.cells import CELLS, SEATS

_CELL_BYTES: Final = 8


class Slab:
    """The places of workers, each with a row of float64 for each of its seats.

    A row belongs to a seat, not to a process: a worker that is started again counts on from
    where the last one stopped, so that counters do not fall; one that takes over from another
    before that has ended has the other seat. Each cell has one writer, and a
    number is read and written whole: there are no locks, and a process that is killed at
    any moment leaves nothing that another would wait for.
    """

    def __init__(self, memory: bytearray | mmap.mmap) -> None:
        self._cells = memoryview(memory).cast("d")
        self.places = len(self._cells) // (SEATS * CELLS)

    @classmethod
    def alone(cls) -> Slab:
        """Return that of a process that shares it with no other."""
        return cls(bytearray(_size(1)))

    @classmethod
    def at(cls, descriptor: int, places: int) -> Slab:
        """Return the slab behind a descriptor, which may be closed afterwards.

        Raises
        ------
        ValueError
            Where it is too small.
        """
        return cls(mmap.mmap(descriptor, _size(places)))

    def row(self, place: int, seat: int = 0) -> memoryview[float]:
        """Return what one process writes."""
        number = place * SEATS + seat
        return self._cells[number * CELLS : (number + 1) * CELLS]

    def rows(self) -> list[list[list[float]]]:
        """Return all numbers as they are now: the rows of each place."""
        return [
            [list(self.row(place, seat)) for seat in range(SEATS)] for place in range(self.places)
        ]


def shared_memory(places: int) -> int:
    """Return the descriptor of zeros for a slab; it has no name, and goes with its processes.

    Raises
    ------
    OSError
        Where there is none to be had.
    """
    descriptor = _memory() if hasattr(os, "memfd_create") else _nameless_file()
    os.ftruncate(descriptor, _size(places))
    return descriptor


def _memory() -> int:
    """Return memory that is a file: nothing on disk, so that the root may be read-only."""
    return os.memfd_create("lossgrad-metrics")


def _nameless_file() -> int:
    """Return a file that nobody else can open."""
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _size(places: int) -> int:
    return places * SEATS * CELLS * _CELL_BYTES
