"""The softmax loss of labels and its gradient, row by row.

Everything is told by T, the sum of the exponentials *other* than the maximum's,
which is exactly 1. A confident row has p → 1, and both p − 1 and lse − z_y would
keep nothing but rounding there, while T = e^{−17} is as good a number as any.
"""

from __future__ import annotations

import numpy as np

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiling.compiled import formula, program
from lossgrad_service.kernels.numbers.exponential import UNLIFT
from lossgrad_service.kernels.numbers.wide import rounded
from lossgrad_service.kernels.rows.partition import (
    CHUNK,
    Scratch,
    exponential_at,
    fill_exponentials,
    partition,
)
from lossgrad_service.kernels.rows.scores import Scaling, below, cap_slope, is_capped, largest


@program
def label_rows(
    scores: Array,
    labels: Array,
    active: Array,
    counted: Array,
    weight: Array,
    divisor: float,
    temperature: float,
    scaling: Scaling,
    first: Array,
    maximum: Array,
    rest: Array,
    gap: Array,
    scratch: Scratch,
    gradient: Array | None,
) -> None:
    """Write k, m, T and m − z_y of the rows that are active, and ds of those that count.

    Parameters
    ----------
    scores
        s, (n, C), float32 or float64.
    labels
        y, (n,), intp in [0, C).
    active, counted
        Which rows are computed at all, and which have a gradient, (n,), bool; what
        counts is active.
    weight
        Q, (n,), float64.
    divisor, temperature
        D' and τ.
    scaling
        How z is made of s.
    first, maximum, rest, gap
        k, (n,), intp, and m, T, m − z_y, (n,), float64; written. T is NaN where a row has
        no softmax, m − z_y is ∞ where the label is masked.
    scratch
        Room for a row; exponentials that no gradient takes go there too.
    gradient
        (n, C), row dtype, written: the gradient by s, 0 in rows that do not count; or
        None where it is not wanted.
    """
    for i in range(len(scores)):
        exps = scratch.spare if gradient is None else gradient[i]
        row, label = scores[i], labels[i]
        if active[i]:
            first[i], rest[i] = partition(row, scaling, exps, scratch)
            top = row[first[i]]
            maximum[i] = rounded(largest(top, scaling))
            gap[i] = 0 - rounded(below(row[label], top, scaling))
        if gradient is not None:
            if counted[i]:
                others = _sum_of_others(label, first[i], rest[i], exps, scratch.factors)
                share = weight[i] / divisor / temperature / (1 + rest[i])
                _fill_gradient(row, scaling, share, exps, scratch.factors)
                exps[label] = (0 - share * others) * _slope(row[label], scaling)
            else:
                exps[:] = 0


@formula
def _sum_of_others(label: int, first: int, rest: float, exps: Array, factors: Array) -> float:
    """Return Σ_{j≠y} e_j = T if y = k, and 1 + (T − e_y) otherwise.

    The subtraction loses nothing: T holds e_y as one of its terms and e_y ≤ 1, so that
    its error, a few units of T, is as small next to 1 + (T − e_y) ≥ T.
    """
    if label == first:
        return rest
    return 1 + (rest - exponential_at(label, exps, factors))


@formula
def _fill_gradient(row: Array, scaling: Scaling, share: float, exps: Array, factors: Array) -> None:
    """Turn the exponentials into Q/D'/τ·p·∂z/∂u: right for all classes but the label's."""
    for c in range(factors.size):
        start, stop = c * CHUNK, (c + 1) * CHUNK
        if is_capped(scaling):
            _scale_by_slope(row[start:stop], scaling, share * factors[c], exps[start:stop])
        else:
            _scale(exps[start:stop], share * factors[c])
    if abs(share) == np.inf:
        zero_masks(row, exps)


@formula
def zero_masks(row: Array, gradient: Array) -> None:
    """Write 0 at masked classes, where 0·∞ stands when a row's factor does not fit."""
    for j in range(row.size):
        if row[j] == -np.inf:
            gradient[j] = 0


@formula
def _scale(exps: Array, factor: float) -> None:
    """Turn lifted exponentials into e·factor, rounded once."""
    for j in range(exps.size):
        exps[j] = UNLIFT * np.float64(exps[j]) * factor


@formula
def _scale_by_slope(scores: Array, scaling: Scaling, factor: float, exps: Array) -> None:
    """Turn lifted exponentials into e·∂z/∂u·factor, rounded once."""
    for j in range(exps.size):
        exps[j] = UNLIFT * np.float64(exps[j]) * cap_slope(scores[j], scaling) * factor


@formula
def _slope(score: float, scaling: Scaling) -> float:
    """Return ∂z/∂u: the slope of the softcap, 1 without one."""
    return cap_slope(score, scaling) if is_capped(scaling) else 1.0


@program
def probability_rows(
    scores: Array,
    first: Array,
    rest: Array,
    scaling: Scaling,
    scratch: Scratch,
    probabilities: Array,
) -> None:
    """Write p = e/(1 + T).

    Parameters
    ----------
    scores
        s, (n, C), float32 or float64.
    first, rest
        k and T, (n,), from `label_rows`.
    scaling
        How z is made of s.
    scratch
        Room for a row.
    probabilities
        (n, C), row dtype, written.
    """
    for i in range(len(scores)):
        row, exps = scores[i], probabilities[i]
        top, share = row[first[i]], 1 / (1 + rest[i])
        for start in range(0, row.size, CHUNK):
            stop = start + CHUNK
            fill_exponentials(row[start:stop], top, scaling, exps[start:stop], scratch)
            _scale(exps[start:stop], share)


def log_partition(maximum: Array, rest: Array) -> Array:
    """Return lse = m + log1p(T); all arrays (n,), float64."""
    return maximum + np.log1p(rest)


def label_losses(rest: Array, gap: Array, weight: Array, live: Array) -> tuple[Array, bool]:
    """Return Q·(lse − z_y) = Q·log1p(T) + Q·(m − z_y); both parts have Q's sign: nothing cancels.

    Parameters
    ----------
    rest, gap
        T and m − z_y, (n,), float64.
    weight
        Q = a·c_y, (n,), float64; a row of weight 0 loses 0, even where the gap is ∞.
    live
        Which rows lose anything, (n,), bool.

    Returns
    -------
    tuple
        (n,), float64, NaN where T is, whatever the weight, and 0 in rows that are not
        live; and whether T and m − z_y of the live rows are finite.
    """
    losses = np.log1p(rest)
    return losses, bool(_weigh(losses, rest, gap, weight, live))


@program
def _weigh(losses: Array, rest: Array, gap: Array, weight: Array, live: Array) -> bool:
    """Make Q·log1p(T) + Q·(m − z_y) of log1p(T); return whether what they are made of is finite."""
    wrong = 0
    for i in range(losses.size):
        if live[i]:
            losses[i] *= weight[i]
            if not np.isnan(rest[i]):  # which of two NaN a sum is, differs from lane to lane
                losses[i] += weight[i] * gap[i] if weight[i] != 0 else 0.0
            wrong |= int(not (abs(rest[i]) < np.inf and abs(gap[i]) < np.inf))
        else:
            losses[i] = 0.0
    return wrong == 0
