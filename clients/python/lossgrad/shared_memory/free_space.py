"""Which parts of a file are free."""

from __future__ import annotations


class FreeSpace:
    """Hands out the bytes of a range, the first that fit, and takes them back.

    Parameters
    ----------
    size
        Bytes in all, all of them free.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._gaps = [(0, size)] if size else []
        """Where each begins and ends, in order; no two of them touch."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is handed out."""
        return self._gaps == [(0, self._size)]

    def take(self, size: int) -> int | None:
        """Return where `size` > 0 bytes begin that were free; None where no gap has as many."""
        for place, (start, stop) in enumerate(self._gaps):
            if stop - start >= size:
                left = [(start + size, stop)] if start + size < stop else []
                self._gaps[place : place + 1] = left
                return start
        return None

    def give(self, start: int, size: int) -> None:
        """Take back bytes that `take` handed out."""
        merged: list[tuple[int, int]] = []
        for gap in sorted([*self._gaps, (start, start + size)]):
            if merged and merged[-1][1] == gap[0]:
                merged[-1] = (merged[-1][0], gap[1])
            else:
                merged.append(gap)
        self._gaps = merged
