"""Blocks of rows: how many, and matrix products whose bits do not depend on them.

BLAS picks its inner loops by the shape of a product, so that the same row may come
out with other bits in a larger batch. Here every product that yields rows has the
same number of rows: the last tile is filled up with zeros. With BLAS on one thread
(`blas.one_thread`) a row then has the same bits alone and in any batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lossgrad_service.kernels.arrays import Array

MAX_TILE_ROWS = 256
MAX_TILE_BYTES = 8 * 2**20
RUN_BYTES = 2**19
"""Scores that the row arithmetic works on at a time, so that what it makes stays in cache."""


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


def rows_per_run(classes: int, width: int, dtype: np.dtype[Any]) -> int:
    """Return the rows that the row arithmetic works on at a time: a power of two.

    A row has the same bits in any run; a sum over rows is made run by run.

    Parameters
    ----------
    classes, width
        C, and the entries of the widest row: few classes may stand beside wide layers,
        whose rows are in memory too, at most 8 MiB of each (or one row).
    dtype
        Their dtype, float32 or float64.
    """
    return min(rows_within(RUN_BYTES, classes, dtype), rows_within(MAX_TILE_BYTES, width, dtype))


def rows_within(size: int, width: int, dtype: np.dtype[Any]) -> int:
    """Return the largest power of two of rows that fit into `size` bytes; one if none does."""
    fitting = size // (max(1, width) * dtype.itemsize)
    return 1 << (max(1, fitting).bit_length() - 1)


def spans(rows: int, step: int) -> Iterator[slice]:
    """Yield slices of `step` rows that cover `rows`; the last one may be shorter."""
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def product(a: Array, b: Array, tile_rows: int) -> Array:
    """Return a·b, each row with the bits that it has in any batch.

    Parameters
    ----------
    a
        (n, K), C-contiguous, float32 or float64.
    b
        (K, M) of the same dtype, always in the same layout.
    tile_rows
        Rows of one tile, from `rows_per_tile`.

    Returns
    -------
    Array
        (n, M) of the same dtype.
    """
    result = np.empty((len(a), b.shape[1]), a.dtype)
    for span in spans(len(a), tile_rows):
        rows = a[span]
        if len(rows) == tile_rows:
            np.matmul(rows, b, out=result[span])
        else:
            result[span] = np.matmul(_filled_up(rows, tile_rows), b)[: len(rows)]
    return result


def _filled_up(rows: Array, tile_rows: int) -> Array:
    tile = np.zeros((tile_rows, rows.shape[1]), rows.dtype)
    tile[: len(rows)] = rows
    return tile


def add_product(total: Array, a: Array, b: Array, tile_rows: int) -> None:
    """Add aᵀ·b to `total`: each tile's product in the dtype of a and b, the sum in float64.

    Parameters
    ----------
    total
        (K, M), float64, changed in place.
    a, b
        (n, K) and (n, M), both float32 or both float64.
    tile_rows
        Rows of one tile, from `rows_per_tile`.
    """
    for span in spans(len(a), tile_rows):
        total += np.matmul(a[span].T, b[span])


def add_columns(total: Array, rows: Array) -> None:
    """Add 1ᵀ·rows to `total`, in float64: the gradient of a bias that is added to every row.

    Parameters
    ----------
    total
        (M,), float64, changed in place.
    rows
        (n, M), float32 or float64.
    """
    total += rows.sum(axis=0, dtype=np.float64)
