"""The sum of a row in lanes, right to the last digits however many entries there are.

Lanes alone would lose a few units in the last place for every hundred entries in each.
The row is added up in pieces; what adding a piece rounds off is known exactly (Knuth)
and put back at the end.
"""

from __future__ import annotations

import numpy as np

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiling.compiled import formula, reassociated
from lossgrad_service.kernels.numbers.pairs import exact_sum

_PIECE = 128
"""Entries that are added in lanes."""


@formula
def sum_of(values: Array) -> float:
    """Return the sum of a row's entries, float32 or float64, in float64; 0 of none."""
    total, lost = 0.0, 0.0
    for start in range(0, values.size, _PIECE):
        total, rounding = exact_sum(total, _sum_of_piece(values[start : start + _PIECE]))
        lost += rounding
    # Beside infinity what was rounded off is NaN.
    return total + lost if np.isfinite(total) else total


@reassociated
def _sum_of_piece(values: Array) -> float:
    total = 0.0
    for j in range(values.size):
        total += np.float64(values[j])
    return total


@formula
def sum_without(k: int, values: Array) -> float:
    """Return the sum of all entries but one."""
    return sum_of(values[:k]) + sum_of(values[k + 1 :])
