"""Rows that are worked on at a time: how many, by their width."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

MAX_TILE_ROWS = 256
MAX_TILE_BYTES = 8 * 2**20
MAX_BLOCK_BYTES = 32 * 2**20
"""Of the widest rows that are held at a time: some tiles, for as many threads."""
RUN_ENTRIES = 2**20
"""Entries that one thread works on at a time: a fraction of a millisecond."""
ROW_ENTRIES = 64
"""What a row costs beside its entries, in entries."""


@lru_cache(maxsize=64)
def rows_per_tile(width: int, dtype: np.dtype[Any]) -> int:
    """Return the rows that a product is made of at least: a power of two, at most 256.

    Weights are packed anew for every product. At most 8 MiB, or one row.

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
