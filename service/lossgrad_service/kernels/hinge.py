"""The multiclass hinge loss of labels and its gradient (CS231n's SVM loss), row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.by_type import by_type
from lossgrad_service.kernels.compiled import formula, program, reassociated
from lossgrad_service.kernels.pairs import exact_sum


@program
def hinge_rows(
    scores: Array,
    labels: Array,
    live: Array,
    counted: Array,
    pull: Array,
    margin: float,
    totals: Array,
    gradient: Array | None,
) -> None:
    """Write L = Σ_j max(0, s_j − s_y + margin) of the live rows, and ds of those that count.

    At the kink, where a class is behind by the margin exactly, the gradient is 0.

    Parameters
    ----------
    scores
        s, (n, C), float32 or float64.
    labels
        y, (n,), intp in [0, C).
    live, counted
        Which rows have a loss, and which have a gradient, (n,), bool; what counts is
        live.
    pull
        Q/D', (n,), float64.
    margin
        What the label's score must be ahead by.
    totals
        L, (n,), float64, written at live rows; NaN where the row holds NaN.
    gradient
        (n, C), row dtype, written: Q/D' at each class that violates, −count·Q/D' at y;
        NaN throughout where the loss is, 0 in rows that do not count. None where it is
        not wanted.
    """
    for i in range(len(scores)):
        row, label = scores[i], labels[i]
        if live[i]:
            totals[i] = _loss(row, label, margin)
        if gradient is not None:
            if counted[i] and totals[i] == totals[i]:
                _fill_gradient(row, label, margin, pull[i], gradient[i])
            else:
                gradient[i, :] = np.nan if counted[i] else 0.0


def losses(totals: Array, weight: Array) -> Array:
    """Return Q·L; weight 0 gives 0, even where L is ∞.

    Parameters
    ----------
    totals
        L, (n,), float64.
    weight
        Q = a·c_y, (n,), float64.

    Returns
    -------
    Array
        (n,), float64; NaN where L is.
    """
    return np.where((weight == 0) & np.isposinf(totals), 0.0, weight * totals)


@formula
def _loss(row: Array, label: int, margin: float) -> float:
    """Return Σ_{j≠y} max(0, s_j − s_y + margin); NaN if s_y is."""
    own = row[label]
    if own != own:
        return np.nan
    return _sum_of_excess(row[:label], own, margin) + _sum_of_excess(row[label + 1 :], own, margin)


@reassociated
def _sum_of_excess(scores: Array, own: Any, margin: float) -> float:
    total = 0.0
    for j in range(scores.size):
        total += _violation(scores[j], own, margin)
    return total


@formula
def _fill_gradient(row: Array, label: int, margin: float, pull: float, gradient: Array) -> None:
    count = 0
    for j in range(row.size):
        count += int(_violation(row[j], row[label], margin) > 0)
        gradient[j] = pull if _violation(row[j], row[label], margin) > 0 else 0.0
    count -= int(_violation(row[label], row[label], margin) > 0)
    gradient[label] = 0 - count * pull


@formula
def _violation(score: Any, own: Any, margin: float) -> float:
    """Return max(0, s − s_y + margin); 0 for a mask, NaN where the sum is NaN."""
    excess = _excess(score, own, margin)
    return 0.0 if excess <= 0 or score == -np.inf else excess


def _excess(score: Any, own: Any, margin: float) -> float:
    """Return s − s_y + margin, rounded once."""
    raise NotImplementedError


@formula
def _excess_of_float32(score: Any, own: Any, margin: float) -> float:
    return (np.float64(score) - np.float64(own)) + margin


@formula
def _excess_of_float64(score: float, own: float, margin: float) -> float:
    """Put back what the two sums rounded, unless it is NaN beside infinity."""
    ahead, ahead_rest = exact_sum(score, -own)
    excess, rest = exact_sum(ahead, margin)
    together = excess + (rest + ahead_rest)
    return together if np.isfinite(excess) else excess


by_type(_excess, types.float32, _excess_of_float32, _excess_of_float64)
