"""How far two right answers to one problem may lie apart, and holding them to it.

u is the spacing of the row dtype at 1, C the number of classes. What the others do to a row:

    z − m          rounded at the row's spread r, or lse and z at the size of the scores
    Σ e^{z−m}      C roundings, and log of it
    lse − z, p − 1 a difference: its error is absolute, whatever is left of it

so that a row's loss and each entry of its gradient, before weights and division, are within
u·(C + size + 8) of the exact values, absolutely. Ours lie closer. Sums over N rows add N·u
of themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lossgrad import Result
from lossgrad.types import Array


@dataclass(frozen=True)
class Answer:
    """What another library says: its loss, or losses of rows, and the gradient."""

    loss: Array
    dscores: Array


def spreads(scores: Array) -> Array:
    """Return r of each row, for who subtracts the row's maximum first."""
    finite = np.where(np.isfinite(scores), scores, np.nan).astype(np.float64)
    return np.nanmax(finite, axis=1) - np.nanmin(finite, axis=1)


def sizes(scores: Array) -> Array:
    """Return the largest |s| of each row, for who takes the label's score from lse."""
    finite = np.where(np.isfinite(scores), scores, 0).astype(np.float64)
    return np.abs(finite).max(axis=1)


def row_allowances(scores: Array, size: Array, weight: float = 1.0) -> Array:
    """Return how far each row's loss and gradient entries may lie apart, (N,).

    Parameters
    ----------
    scores
        (N, C), in the dtype that both compute in.
    size
        What was rounded, (N,): `spreads` or `sizes`.
    weight
        What a row's loss is multiplied by, at most.
    """
    unit = np.finfo(scores.dtype).eps
    return unit * (scores.shape[1] + size + 8) * weight


def assert_agree(ours: Result, theirs: Answer, allowed: Array) -> None:
    """Hold the loss and dScores to what `row_allowances` allows."""
    assert_losses_agree(ours, theirs.loss, allowed)
    assert_gradients_agree(ours, theirs.dscores, allowed)


def assert_losses_agree(ours: Result, theirs: Array, allowed: Array) -> None:
    """Hold the loss, or with reduction "none" those of the rows."""
    if np.ndim(theirs) == 1:
        _assert_within(ours.row_losses, theirs, allowed)
    else:
        rounded = _of_sums(ours, allowed) * abs(ours.loss)
        _assert_within(ours.loss, theirs, allowed.sum() / ours.denominator + rounded)


def assert_gradients_agree(ours: Result, theirs: Array, allowed: Array) -> None:
    """Hold dScores, whose denominator may be a sum over rows."""
    rounded = _of_sums(ours, allowed) * np.abs(ours.dscores)
    _assert_within(ours.dscores, theirs, allowed[:, None] / ours.denominator + rounded)


def _of_sums(ours: Result, allowed: Array) -> float:
    """Return the relative error of a sum over rows, in the dtype of the gradient."""
    return len(allowed) * np.finfo(ours.dscores.dtype).eps


def _assert_within(ours: Array | float, theirs: Array, allowed: Array) -> None:
    error = np.abs(np.asarray(ours, np.float64) - np.asarray(theirs, np.float64))
    assert np.shape(ours) == np.shape(theirs)
    assert np.all(error <= allowed), f"{ours!r}\n{theirs!r}\n{np.max(error / allowed)} × off"
