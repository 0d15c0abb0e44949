"""Sums over rows, in float64 whatever the rows are."""

from __future__ import annotations

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiling.compiled import program
from lossgrad_service.kernels.matrices import tiles
from lossgrad_service.kernels.parallel import in_parallel

_COLUMNS = 2**11
"""Sums of columns that are added to at a time: they stay in the first cache."""


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

    in_parallel(add, tiles.spans(len(total), _COLUMNS), threads)
