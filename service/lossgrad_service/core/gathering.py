"""Rows that arrive in pieces of any size, joined to blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lossgrad.types import Array

Rows = Mapping[str, Array]
"""The same rows of several inputs, by name, each (n, …)."""


class Gatherer:
    """Hands on rows in blocks of a multiple of `step` rows; the last one may be shorter.

    Pieces that begin where a block does are handed on as they are; rows that begin a
    block and do not fill it are copied, and at most `step` of them are held.

    Parameters
    ----------
    n_rows
        N, after which the last block is complete.
    step
        A power of two of rows, of which a block is a multiple.
    """

    def __init__(self, n_rows: int, step: int) -> None:
        self._left = n_rows
        self._step = step
        self._held: dict[str, Array] = {}
        self._n_held = 0

    def take(self, rows: Rows, most: int) -> Iterator[Rows]:
        """Yield the blocks that some more rows complete; each before the next call only.

        Parameters
        ----------
        rows
            The rows.
        most
            Those of the largest block: `step`, or a multiple of it by a power of two.
        """
        arrived = n_rows_of(rows)
        self._left -= arrived
        used = self._fill(rows, arrived) if self._n_held else 0
        if self._n_held and self._is_complete(self._n_held):
            yield _cut(self._held, 0, self._n_held)
            self._n_held = 0
        while used < arrived and (n := self._block(arrived - used, most)):
            yield _cut(rows, used, used + n)
            used += n
        if used < arrived:
            self._hold(_cut(rows, used, arrived), arrived - used)

    def _is_complete(self, n_rows: int) -> bool:
        return n_rows == self._step or not self._left

    def _block(self, n_rows: int, most: int) -> int:
        """Return how many of the rows that arrived last make up the next block; 0 if none."""
        return min(n_rows if not self._left else n_rows - n_rows % self._step, most)

    def _fill(self, rows: Rows, arrived: int) -> int:
        """Add to what is held what it lacks, and return how many rows that were."""
        n = min(self._step - self._n_held, arrived)
        for name, held in self._held.items():
            held[self._n_held : self._n_held + n] = rows[name][:n]
        self._n_held += n
        return n

    def _hold(self, rows: Rows, n: int) -> None:
        """Begin a block that is not complete."""
        if not self._held:
            self._held = {
                name: np.empty((self._step, *array.shape[1:]), array.dtype)
                for name, array in rows.items()
            }
        for name, held in self._held.items():
            held[:n] = rows[name]
        self._n_held = n


def n_rows_of(rows: Rows) -> int:
    """Return n."""
    return len(next(iter(rows.values())))


def _cut(rows: Rows, start: int, stop: int) -> Rows:
    return {name: array[start:stop] for name, array in rows.items()}
