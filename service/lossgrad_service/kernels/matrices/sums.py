"""Sums over rows, in float64 whatever the rows are."""

from __future__ import annotations

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiling.compiled import program


@program
def add_rows(total: Array, rows: Array, start: int, stop: int) -> None:
    """Add 1ᵀ·rows to `total` at columns start … stop: the gradient of a bias.

    Parameters
    ----------
    total
        (M,), float64, changed in place.
    rows
        (n, M), float32 or float64; added in order.
    start, stop
        Which columns: few enough for the first cache to keep their sums.
    """
    sums = total[start:stop]
    for i in range(len(rows)):
        row = rows[i, start:stop]
        for j in range(sums.size):
            sums[j] += row[j]


@program
def add_at_column(total: Array, part: Array, start: int) -> None:
    """Add `part`, (K, m), to the columns of `total`, (K, M) float64, from `start` on."""
    for i in range(len(part)):
        sums = total[i, start : start + part.shape[1]]
        for j in range(sums.size):
            sums[j] += part[i, j]
