"""Blocks of rows: how many, and matrix products whose bits do not depend on them.

BLAS picks its inner loops by the shape of a product, so that the same row may come
out with other bits in a larger batch. Here every product that yields rows has the
same number of rows: the last tile is filled up with zeros. A tile that takes long is made
by columns, cut where the shape of the tile says. With BLAS on one thread
(`blas.one_thread`) a row then has the same bits alone and in any batch.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.matrices.subnormals import multiply
from lossgrad_service.kernels.matrices.sums import add_at_column, add_rows
from lossgrad_service.kernels.parallel import in_parallel
from lossgrad_service.kernels.wanted import while_wanted

MAX_TILE_ROWS = 256
MAX_TILE_BYTES = 8 * 2**20
MAX_BLOCK_BYTES = 32 * 2**20
"""Of the widest rows that are held at a time: some tiles, for as many threads."""
RUN_ENTRIES = 2**20
"""Entries that one thread works on at a time: a fraction of a millisecond."""
ROW_ENTRIES = 64
"""What a row costs beside its entries, in entries."""
PART_ENTRIES = 2**18
"""Entries of a sum of products that are worked on at a time: they stay in the second cache."""
CALL_BYTES = 2**32
"""Bytes of b times rows of a that one call of BLAS multiplies: 10 to 30 ms, which nothing ends."""
_CUT = 64
"""Columns are cut at multiples of this: whole registers and cache lines."""
_COLUMNS = 2**11
"""Sums of columns that are added to at a time: they stay in the first cache."""


@lru_cache(maxsize=64)
def rows_per_tile(width: int, dtype: np.dtype[Any]) -> int:
    """Return the rows of one tile: a power of two, at most 256 and at most 8 MiB (or one row).

    Parameters
    ----------
    width
        Entries of the widest row that takes part.
    dtype
        Their dtype, float32 or float64.
    """
    return min(MAX_TILE_ROWS, rows_within(MAX_TILE_BYTES, width, dtype))


@lru_cache(maxsize=64)
def rows_per_run(classes: int) -> int:
    """Return the rows that one thread works on at a time: a power of two.

    A row has the same bits in any run; a sum over rows is made run by run.

    Parameters
    ----------
    classes
        C.
    """
    return power_of_two_within(RUN_ENTRIES // (classes + ROW_ENTRIES))


@lru_cache(maxsize=64)
def rows_per_block(width: int, dtype: np.dtype[Any], smallest: int) -> int:
    """Return the rows that are held at a time: a power of two, at most 32 MiB or `smallest`.

    Parameters
    ----------
    width, dtype
        As for `rows_per_tile`.
    smallest
        Powers of two of rows that a block holds in any case.
    """
    return max(smallest, rows_within(MAX_BLOCK_BYTES, width, dtype))


def rows_within(size: int, width: int, dtype: np.dtype[Any]) -> int:
    """Return the largest power of two of rows that fit into `size` bytes; one if none does."""
    return power_of_two_within(size // (max(1, width) * dtype.itemsize))


def power_of_two_within(number: int) -> int:
    """Return the largest power of two that is at most `number`; 1 below that."""
    return 1 << (max(1, number).bit_length() - 1)


def spans(rows: int, step: int) -> list[slice]:
    """Return slices of `step` rows that cover `rows`; the last one may be shorter."""
    if 0 < rows <= step:
        return [slice(0, rows)]
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def product(a: Array, b: Array, tile_rows: int, threads: int) -> Array:
    """Return a·b, each row with the bits that it has in any batch.

    Parameters
    ----------
    a
        (n, K), C-contiguous, float32 or float64.
    b
        (K, M) of the same dtype, always in the same layout.
    tile_rows
        Rows of one tile, from `rows_per_tile`.
    threads
        How many tiles, or parts of long ones, are made at the same time.

    Returns
    -------
    Array
        (n, M) of the same dtype.
    """
    result = np.empty((len(a), b.shape[1]), a.dtype)
    last = _last_tile(a, tile_rows)

    def make(part: tuple[slice, slice]) -> None:
        rows, columns = part
        out = result[part]
        if len(out) == tile_rows:
            multiply(a[rows], b[:, columns], out=out)
        else:
            out[:] = multiply(last, b[:, columns])[: len(out)]

    calls = columns_of_calls(b.shape, b.itemsize, tile_rows)
    # One part of b after the other: threads at neighbouring tiles read the same one.
    parts = [(rows, columns) for columns in calls for rows in spans(len(a), tile_rows)]
    in_parallel(make, parts, threads)
    return result


@lru_cache(maxsize=64)
def columns_of_calls(shape: tuple[int, int], itemsize: int, tile_rows: int) -> list[slice]:
    """Return which columns of a tile's product each call of BLAS makes: all, if that is short.

    Parameters
    ----------
    shape
        (K, M), that of b.
    itemsize
        Bytes of its entries.
    tile_rows
        Rows of the tile.
    """
    inner, columns = shape
    calls = -(-tile_rows * inner * columns * itemsize // CALL_BYTES)
    if calls <= 1:
        return [slice(0, columns)]
    # Spread: one column left over would be a product of another kind, by a vector.
    cuts = [columns * call // calls // _CUT * _CUT for call in range(calls)]
    return [slice(*ends) for ends in pairwise([*cuts, columns])]


def _last_tile(a: Array, tile_rows: int) -> Array:
    """Return the rows behind the whole tiles, filled up with zeros; none if there are none."""
    n_rows = len(a) % tile_rows
    rows = a[len(a) - n_rows :]
    if n_rows == 0:
        return rows
    tile = np.zeros((tile_rows, a.shape[1]), a.dtype)
    tile[:n_rows] = rows
    return tile


def add_product(total: Array, a: Array, b: Array, threads: int) -> None:
    """Add aᵀ·b to `total`: products of 256 rows in the dtype of a and b, the sum in float64.

    Parameters
    ----------
    total
        (K, M), float64, changed in place.
    a, b
        (n, K) and (n, M), both float32 or both float64.
    threads
        How many parts of the sum are made at the same time.
    """

    def add(columns: slice) -> None:
        for span in while_wanted(spans(len(a), MAX_TILE_ROWS)):
            add_at_column(total, multiply(a[span].T, b[span, columns]), columns.start)

    in_parallel(add, spans(b.shape[1], power_of_two_within(PART_ENTRIES // a.shape[1])), threads)


def add_columns(total: Array, rows: Array, threads: int) -> None:
    """Add 1ᵀ·rows to `total`, in float64: the gradient of a bias that is added to every row.

    Parameters
    ----------
    total
        (M,), float64, changed in place.
    rows
        (n, M), float32 or float64.
    threads
        How many parts of the sum are made at the same time.
    """

    def add(columns: slice) -> None:
        add_rows(total, rows, columns.start, columns.stop)

    in_parallel(add, spans(len(total), _COLUMNS), threads)
