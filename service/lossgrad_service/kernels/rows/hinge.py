"""The multiclass hinge loss of labels and its gradient (CS231n's SVM loss), row by row."""

from __future__ import annotations

import numpy as np

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiling.compiled import formula, program
from lossgrad_service.kernels.numbers.pairs import exact_sum
from lossgrad_service.kernels.numbers.row_sum import sum_without


@program
def hinge_rows(
    scores: Array,
    labels: Array,
    live: Array,
    counted: Array,
    pull: Array,
    margin: float,
    totals: Array,
    violations: Array,
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
    violations
        Room for the terms of a row, (C,), float64.
    gradient
        (n, C), row dtype, written: Q/D' at each class that violates, −count·Q/D' at y;
        NaN throughout where the loss is, 0 in rows that do not count. None where it is
        not wanted.
    """
    for i in range(len(scores)):
        if live[i]:
            totals[i] = _loss(scores[i], labels[i], margin, violations)
        if gradient is not None:
            if counted[i] and totals[i] == totals[i]:
                _fill_gradient(violations, labels[i], pull[i], gradient[i])
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
def _loss(row: Array, label: int, margin: float, violations: Array) -> float:
    """Return Σ_{j≠y} max(0, s_j − s_y + margin); NaN if s_y is. Write the terms."""
    own = np.float64(row[label])
    for j in range(row.size):
        violations[j] = _violation(np.float64(row[j]), own, margin)
    return sum_without(label, violations) if own == own else np.nan


@formula
def _fill_gradient(violations: Array, label: int, pull: float, gradient: Array) -> None:
    count = 0
    for j in range(violations.size):
        count += int(violations[j] > 0)
        gradient[j] = pull if violations[j] > 0 else 0.0
    count -= int(violations[label] > 0)
    gradient[label] = 0 - count * pull if count > 0 else 0.0


@formula
def _violation(score: float, own: float, margin: float) -> float:
    """Return max(0, s − s_y + margin); 0 for a mask, NaN where the sum is NaN."""
    excess = _excess(score, own, margin)
    return 0.0 if excess <= 0 or score == -np.inf else excess


@formula
def _excess(score: float, own: float, margin: float) -> float:
    """Return s − s_y + margin, with what the two sums rounded put back beside a finite one."""
    ahead, ahead_rest = exact_sum(score, -own)
    excess, rest = exact_sum(ahead, margin)
    together = excess + (rest + ahead_rest)
    return together if np.isfinite(excess) else excess
