"""Memory of large results that nobody holds any more, used again for the next ones.

What malloc gets from the system for a large block is zeroed page by page as it is first
written to, and goes back when it is freed. In a loop that drops its results, that took
a third of what a call of 131 MB cost the caller's processors.
"""

from __future__ import annotations

import os
from math import prod
from typing import Any, Final

import numpy as np

from lossgrad.allocator import DEFAULT, LARGEST_KEPT, VARIABLE
from lossgrad.types.arrays import Array

KEPT: Final = 256 * 2**20
"""Bytes that nobody uses and that are kept at most."""


class Recycler:
    """Makes arrays of blocks of memory, and keeps the blocks whose arrays are gone.

    An array is gone with the last view of it. Has no lock: a block may come back in the
    middle of anything, wherever the garbage collector runs; each step is one operation
    on a dict.

    Parameters
    ----------
    most
        Bytes that are kept at most; blocks that came back first are let go of first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[int, Array] = {}

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return an array of any content, C-contiguous and writeable."""
        loan = _Loan(self, self._block(prod(shape) * dtype.itemsize))
        return np.asarray(loan).view(dtype).reshape(shape)

    def take_back(self, block: Array) -> None:
        """Keep a block for later, if there is room."""
        self._kept[id(block)] = block
        excess = sum(kept.nbytes for kept in tuple(self._kept.values())) - self._most
        for number, oldest in tuple(self._kept.items()):
            if excess <= 0:
                return
            self._kept.pop(number, None)
            excess -= oldest.nbytes

    def _block(self, size: int) -> Array:
        """Return a block of so many bytes, one that is kept if there is."""
        for number, kept in tuple(self._kept.items()):
            if kept.nbytes == size and self._kept.pop(number, None) is not None:
                return kept
        return np.empty(size, np.uint8)


class _Loan:
    """What arrays over a block hold, so that it is gone when they are."""

    def __init__(self, owner: Recycler, block: Array) -> None:
        self._owner = owner
        self._block = block
        self.__array_interface__ = block.__array_interface__

    def __del__(self) -> None:
        self._owner.take_back(self._block)


_results: Final = Recycler(KEPT)


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return an array of any content for a result.

    Smaller blocks malloc keeps by itself. Nothing is kept where ``LOSSGRAD_MALLOC`` is
    ``default``.
    """
    is_large = prod(shape) * dtype.itemsize > LARGEST_KEPT
    if is_large and os.environ.get(VARIABLE) != DEFAULT:
        return _results.empty(shape, dtype)
    return np.empty(shape, dtype)
