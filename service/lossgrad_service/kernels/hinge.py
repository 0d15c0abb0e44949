"""The multiclass hinge loss of a block of rows and its gradient (CS231n's SVM loss)."""

from __future__ import annotations

import numpy as np

from lossgrad_service.kernels.arrays import Array


def violations(scores: Array, labels: Array, margin: float) -> Array:
    """Return s_j − s_y + margin where that is > 0, j ≠ y and j is not masked; 0 elsewhere.

    Parameters
    ----------
    scores
        s, (n, C), float32 or float64.
    labels
        y, (n,), integers.
    margin
        What the label's score must be ahead by.

    Returns
    -------
    Array
        (n, C), float64; NaN where s_j, s_y or their difference is, 0 at y unless s_y is NaN.
    """
    rows = np.arange(len(scores))
    label_scores = scores[rows, labels].astype(np.float64)
    excess = np.subtract(scores, label_scores[:, None], dtype=np.float64, order="C")
    excess += margin
    excess[np.isneginf(scores)] = 0
    excess[rows, labels] = np.where(np.isnan(label_scores), np.nan, 0)
    return np.maximum(excess, 0, out=excess)


def losses(excess: Array, weight: Array) -> Array:
    """Return Q·L = Q·Σ_j max(0, s_j − s_y + margin); weight 0 gives 0, even where L is ∞.

    Parameters
    ----------
    excess
        From `violations`, (n, C), float64, C-contiguous.
    weight
        Q = a·c_y, (n,), float64.

    Returns
    -------
    Array
        (n,), float64; NaN in rows that hold NaN.
    """
    total = excess.sum(axis=1)
    return np.where((weight == 0) & np.isposinf(total), 0.0, weight * total)


def gradient(excess: Array, labels: Array, weight: Array) -> None:
    """Turn violations into ds: Q/D' at each class that violates, −count·Q/D' at y, in place.

    At the kink, where a class is ahead by the margin exactly, the gradient is 0.

    Parameters
    ----------
    excess
        From `violations`, (n, C), float64; ds on return.
    labels
        y, (n,), integers.
    weight
        Q/D', (n,), float64; NaN makes the whole row NaN.
    """
    violating = excess > 0
    counts = np.count_nonzero(violating, axis=1)
    np.multiply(violating, weight[:, None], out=excess)
    excess[np.arange(len(excess)), labels] = 0 - counts * weight
