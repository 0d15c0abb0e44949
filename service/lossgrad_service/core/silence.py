"""Rows that do not count are exactly 0 downstream, whatever they hold."""

from __future__ import annotations

import numpy as np

from lossgrad.types import Array


def silenced(rows: Array, counted: Array) -> Array:
    """Return (n, …) rows with 0 in those that do not count; the same array where all do.

    A product with their gradient of 0 is not enough: 0·NaN is NaN.
    """
    all_count = np.count_nonzero(counted) == len(counted)
    return rows if all_count else np.where(counted[:, None], rows, rows.dtype.type(0))
