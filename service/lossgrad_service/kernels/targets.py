"""q: what a row's targets weigh, whichever way they were stated."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiled import formula


class Weights(NamedTuple):
    """What weighs a row's targets, and its z-term."""

    sample: Array
    """a, (n,), float64."""
    classes: Array
    """c, (C,), float64."""
    smoothing: float
    """ε."""
    z_loss: float
    """α."""


@formula
def fill_mass_of_label(
    label: int, scores: Array, sample: float, weights: Weights, mass: Array
) -> None:
    """Write q_j = a·c_j·[(1 − ε)·[j = y] + ε·[s_j > −∞]/K] of one row.

    Parameters
    ----------
    label
        y.
    scores
        s, (C,); K counts those above −∞.
    sample, weights
        a, and c and ε.
    mass
        q, (C,), float64, written.
    """
    share = weights.smoothing / _count_unmasked(scores)
    for j in range(mass.size):
        target = share if scores[j] > -np.inf else 0.0
        mass[j] = target * sample * weights.classes[j]
    own = (1 - weights.smoothing) + (share if scores[label] > -np.inf else 0.0)
    mass[label] = own * sample * weights.classes[label]


@formula
def fill_mass_of_targets(
    targets: Array, scores: Array, sample: float, weights: Weights, mass: Array
) -> None:
    """Write q_j = a·c_j·[(1 − ε)·t_j + ε·[s_j > −∞]/K] of one row.

    Parameters
    ----------
    targets
        t, (C,), float64.
    scores, sample, weights, mass
        As for `fill_mass_of_label`.
    """
    share = weights.smoothing / _count_unmasked(scores)
    for j in range(mass.size):
        target = (1 - weights.smoothing) * targets[j] + (share if scores[j] > -np.inf else 0.0)
        mass[j] = target * sample * weights.classes[j]


@formula
def _count_unmasked(scores: Array) -> int:
    """Return K, how many of a row's scores are not −∞."""
    count = 0
    for j in range(scores.size):
        count += int(scores[j] != -np.inf)
    return count


@formula
def are_sound(targets: Array, scores: Array) -> bool:
    """Return whether targets are finite, not negative, and 0 where the score is −∞."""
    wrong = 0
    for j in range(targets.size):
        most = np.inf if scores[j] != -np.inf else 5e-324
        wrong |= int(not (targets[j] >= 0 and targets[j] < most))
    return wrong == 0
