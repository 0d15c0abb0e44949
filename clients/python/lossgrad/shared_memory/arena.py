"""Arrays in shared memory: made, found again, and used once more when they are gone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from math import prod
from threading import BoundedSemaphore, Lock
from typing import Any, Final, cast
from weakref import WeakSet

import numpy as np

from lossgrad.codecs.sharing import SUFFIX
from lossgrad.shared_memory import sealed_file
from lossgrad.shared_memory.segment import Segment
from lossgrad.types.arrays import Array

LEAST_BYTES: Final = 32 * 2**20
"""Of a segment: small arrays share one."""

KEPT_BYTES: Final = 256 * 2**20
"""Of segments in which no array lies that are kept for later ones."""

MOST_CALLS: Final = 4
"""That share memory at the same time: each has slots of its own, of 80 MiB unless rows are wide,
and copies of parameters and sums, of 16 MiB each at most."""


class Arena:
    """Makes arrays in shared memory, which grows as they do; safe to share between threads.

    An array keeps its memory, and so does every view of it.

    Parameters
    ----------
    path
        Of the server's side socket.
    token
        The key that the server knows this caller by, if it has keys.
    """

    def __init__(self, path: str, token: str | None) -> None:
        self._path = path
        self._token = token
        self._segments: list[Segment] = []
        self._lent: dict[int, Array] = {}
        self._lock = Lock()
        self.calls = BoundedSemaphore(MOST_CALLS)
        """Of which each call takes one."""
        _arenas.add(self)

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return what `empty` does, or an ordinary array where it cannot lie here."""
        if dtype.hasobject:  # pointers mean nothing to another process
            return np.empty(shape, dtype)
        try:
            return self.empty(shape, dtype)
        except OSError:
            return np.empty(shape, dtype)

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return an array of any content, C-contiguous and writeable.

        Raises
        ------
        OSError
            Where there is no memory for it.
        """
        size = prod(shape) * dtype.itemsize
        if not size:
            return np.empty(shape, dtype)
        with self._lock:
            room = self._room(size)
        return room[:size].view(dtype).reshape(shape)

    def place_of(self, array: Array) -> tuple[Segment, int] | None:
        """Return in which segment a C-contiguous array lies, and where; None if in none."""
        address = array.__array_interface__["data"][0]
        for segment in tuple(self._segments):
            start = address - segment.address
            if 0 <= start <= segment.size - array.nbytes and not segment.is_abandoned:
                return segment, start
        return None

    def withdraw(self, arrays: Iterable[Array]) -> None:
        """Take back from the server what arrays lie in, which it may be writing to."""
        found = [self.place_of(array) for array in arrays]
        for segment in {place[0] for place in found if place is not None}:
            segment.withdraw()

    def lend(self, arrays: Iterable[Array]) -> None:
        """Keep arrays that a server is to write to, until `settle`."""
        self._lent.update((id(array), array) for array in arrays)

    def settle(self, arrays: Iterable[Array]) -> None:
        """Let go of arrays that the server does not write to any more."""
        for array in arrays:
            self._lent.pop(id(array), None)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """End the server's use of all of it; arrays that were made stay."""
        for segment in self._segments:
            segment.close()

    def forget(self) -> None:
        """Let go, in a forked process, of what the process has that made it."""
        for segment in self._segments:
            segment.forget()

    def _room(self, size: int) -> Array:
        for segment in self._segments:
            room = segment.array(size)
            if room is not None:
                return room
        self._drop_unused()
        grown = Segment(self._path, self._token, max(size + _SPARE, LEAST_BYTES))
        self._segments.append(grown)
        return cast(Array, grown.array(size))  # it is empty, and large enough

    def _drop_unused(self) -> None:
        """Close segments without arrays beyond those that are kept; forget abandoned ones."""
        self._segments = [each for each in self._segments if not each.is_abandoned]
        kept = 0
        for segment in [each for each in self._segments if each.is_unused]:
            kept += segment.size
            if kept > KEPT_BYTES:
                self._segments.remove(segment)
                segment.close()


_SPARE: Final = 64
"""By which a part of a segment may be longer than what lies there."""

_arenas: WeakSet[Arena] = WeakSet()


def open_arena(address: str, token: str | None) -> Arena | None:
    """Return the arena for a server, given what gRPC dials; None where memory is not shared."""
    is_here = address.startswith("unix:") and sealed_file.are_possible()
    return Arena(address.removeprefix("unix://") + SUFFIX, token) if is_here else None


def _forget_all() -> None:
    """Leave the server to the process that was forked: its end is not to wait for this one's."""
    for arena in tuple(_arenas):
        arena.forget()


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(after_in_child=_forget_all)
