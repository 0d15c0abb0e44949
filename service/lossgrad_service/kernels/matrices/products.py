"""Products of matrices, whose bits depend on the numbers in them and on nothing else.

Libraries of linear algebra pick their loops by the shape of a product and the number of threads, so that a row may
come out with other bits in a larger batch, and other versions and processors round in another order. Here every
entry is the sum of `DEPTH` products at a time, each made in order (see `registers`) and added to the total
in order: alone or in any batch, however the product is cut into parts and whoever makes them.

Both products of the backward pass and that of the forward pass are aᵀ·b, for some a or aᵀ in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Self

import numpy as np

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.matrices import panels
from lossgrad_service.kernels.matrices.tiles import spans
from lossgrad_service.kernels.parallel import in_parallel
from lossgrad_service.kernels.wanted import while_wanted

DEPTH = 256
"""Products that are added up before their sum is added to the total."""
PART_ROWS = 256
PART_COLUMNS = 1056
"""Of the part of a total that one thread makes at a time, at most: both factors are packed once for each."""
LEAST_COLUMNS = 48
"""Of a part, but for the last: whole panels of any machine."""


def product(a: Array, b: Array, threads: int) -> Array:
    """Return a·b: sums of 256 products at a time, added up in the dtype of a and b.

    Parameters
    ----------
    a
        (n, K), C-contiguous, float32 or float64.
    b
        (K, M) of the same dtype, C-contiguous or the transpose of what is.
    threads
        How many parts are made at the same time.

    Returns
    -------
    Array
        (n, M) of the same dtype.
    """
    total = np.zeros((len(a), b.shape[1]), a.dtype)
    add_product(total, a.T, b, threads)
    return total


def add_product(total: Array, a: Array, b: Array, threads: int) -> None:
    """Add aᵀ·b to `total`: sums of 256 products in the dtype of a and b, added up in that of the total.

    Subnormal entries of a and b may count as 0.

    Parameters
    ----------
    total
        (K, M), C-contiguous, float32 or float64, changed in place.
    a, b
        (n, K) and (n, M), both float32 or both float64; C-contiguous, or the transpose of what is.
    threads
        How many parts of the total are made at the same time.
    """
    left, right = _Factor.of(a), _Factor.of(b)

    def add(part: tuple[slice, slice]) -> None:
        rows, columns = part
        rooms = left.room(rows), right.room(columns), panels.room_for_piece(a.dtype)
        for span in while_wanted(spans(len(a), DEPTH)):
            left.put(span, rows, rooms[0])
            right.put(span, columns, rooms[1])
            panels.add_panels(total, *_ends(rows), *_ends(columns), span.stop - span.start, *rooms)

    in_parallel(add, _parts(*total.shape, threads), threads)


def _parts(rows: int, columns: int, threads: int) -> list[tuple[slice, slice]]:
    """Return parts of a total, one for each thread at least where there is that much."""
    bands = spans(rows, PART_ROWS)
    shares = -(-threads // max(1, len(bands)))
    width = min(PART_COLUMNS, -(-columns // (shares * LEAST_COLUMNS)) * LEAST_COLUMNS)
    return [(band, part) for part in spans(columns, width) for band in bands]


class _Factor(NamedTuple):
    """A matrix with rows of k, and how it is put into panels."""

    memory: Array
    """Itself or its transpose: what is C-contiguous, read-only."""
    pack: Callable[..., None]
    depth: int

    @classmethod
    def of(cls, matrix: Array) -> Self:
        if matrix.flags.c_contiguous:
            return cls(_read_only(matrix), panels.pack, len(matrix))
        return cls(_read_only(matrix.T), panels.pack_transposed, len(matrix))

    def room(self, columns: slice) -> Array:
        """Return memory for the panels of some columns."""
        count = columns.stop - columns.start
        return panels.room(min(DEPTH, self.depth), count, self.memory.dtype)

    def put(self, rows: slice, columns: slice, room: Array) -> None:
        """Put some rows and columns into panels."""
        self.pack(self.memory, *_ends(rows), *_ends(columns), room)


def _ends(span: slice) -> tuple[int, int]:
    return span.start, span.stop


def _read_only(array: Array) -> Array:
    # Compiled code is made anew for each kind of array.
    view = array.view()
    view.setflags(write=False)
    return view
