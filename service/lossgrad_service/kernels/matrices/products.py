"""Products of matrices, whose bits depend on the numbers in them and on nothing else.

Libraries of linear algebra pick their loops by the shape of a product and the number of threads: a
row may come out with other bits in a larger batch, and another version or processor adds up in
another order. Here every entry is made of sums of 256 products, each in order (see `registers`),
which are added up in order: the same alone and in any batch, however the product is cut
into parts, and whoever makes them. (What is subnormal is 0 on some processors; see `subnormals`.)

All products of the forward and the backward pass are aᵀ·b of matrices that lie in memory as they
are or transposed. Each thread makes parts of the total: it packs 256 rows of both factors into
panels (see `panels`), multiplies these and goes on to the next 256.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Self

import numpy as np

from lossgrad_service.kernels.arrays import Array, frozen
from lossgrad_service.kernels.matrices import panels
from lossgrad_service.kernels.matrices.tiles import MAX_TILE_ROWS, spans
from lossgrad_service.kernels.parallel import in_parallel
from lossgrad_service.kernels.wanted import while_wanted

DEPTH = MAX_TILE_ROWS
"""Products that are added up before their sum is added to the total: a whole tile of rows."""
PART_ROWS = 256
PART_COLUMNS = 1056
"""Of a part at most. Larger ones leave the second cache; in smaller ones packing takes its time."""
LEAST_WORK = 2**21
"""Multiply-adds that are worth a thread: some 50 µs, where handing them over takes 30."""
WHOLE = 16
"""What extents of parts are multiples of: whole registers, on any machine."""


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
    """Add aᵀ·b to `total`, whose dtype the sums of 256 products each are added up in.

    Subnormal entries, and sums that are subnormal under way, may count as 0 (see `subnormals`).

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
        a_room, b_room, sums = left.room(rows), right.room(columns), panels.room_for_piece(a.dtype)
        for span in while_wanted(spans(len(a), DEPTH)):
            left.put(span, rows, a_room)
            right.put(span, columns, b_room)
            depth = span.stop - span.start
            ends = (*_ends(rows), *_ends(columns))
            panels.add_panels(total, *ends, depth, a_room, b_room, sums)

    sharers = max(1, min(threads, a.size * total.shape[1] // LEAST_WORK))
    in_parallel(add, _parts(total.shape[0], total.shape[1], sharers), sharers)


def _parts(rows: int, columns: int, threads: int) -> list[tuple[slice, slice]]:
    """Return the parts of a total: one for each thread at least, if it is large enough.

    Where there are not so many anyway the longer side is cut: each cut has the other factor packed
    once more.
    """
    bands, stripes = -(-rows // PART_ROWS), -(-columns // PART_COLUMNS)
    if 0 < bands * stripes < threads:
        if rows > columns:
            bands = -(-threads // stripes)
        else:
            stripes = -(-threads // bands)
    # Neighbours have the same columns: threads that pack them find them in the shared cache.
    return [(band, part) for part in _cut(columns, stripes) for band in _cut(rows, bands)]


def _cut(extent: int, count: int) -> list[slice]:
    """Return about so many slices of like extent."""
    return spans(extent, -(-extent // (max(1, count) * WHOLE)) * WHOLE or WHOLE)


class _Factor(NamedTuple):
    """A factor of aᵀ·b, whose rows are added up over."""

    memory: Array
    """The matrix or its transpose: what is C-contiguous, read-only."""
    pack: Callable[..., None]
    """Puts it into panels."""
    depth: int
    """Its rows."""

    @classmethod
    def of(cls, matrix: Array) -> Self:
        """Return a matrix that is C-contiguous or the transpose of what is."""
        if matrix.flags.c_contiguous:
            return cls(frozen(matrix), panels.pack, len(matrix))
        return cls(frozen(matrix.T), panels.pack_transposed, len(matrix))

    def room(self, columns: slice) -> Array:
        """Return memory for the panels of some columns."""
        count = columns.stop - columns.start
        return panels.room(min(DEPTH, self.depth), count, self.memory.dtype)

    def put(self, rows: slice, columns: slice, room: Array) -> None:
        """Put some rows and columns into panels."""
        self.pack(self.memory, *_ends(rows), *_ends(columns), room)


def _ends(span: slice) -> tuple[int, int]:
    return span.start, span.stop
