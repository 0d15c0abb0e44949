"""q: what a row's targets weigh, whichever way they were stated."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiling.by_type import by_type
from lossgrad_service.kernels.compiling.compiled import formula
from lossgrad_service.kernels.numbers.pairs import (
    Pair,
    exact_sum,
    pair_product,
    pair_quotient,
    pair_sum,
)
from lossgrad_service.kernels.numbers.wide import Wide


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
def fill_one_hot(label: int, targets: Array) -> None:
    """Write t_j = [j = y], (C,), float64."""
    targets[:] = 0
    targets[label] = 1


@formula
def fill_copy(sent: Array, targets: Array) -> None:
    """Write t as it was sent; both (C,), float64."""
    for j in range(targets.size):
        targets[j] = sent[j]


@formula
def weigh(targets: Array, scores: Array, sample: float, weights: Weights) -> None:
    """Turn t into q_j = a·c_j·[(1 − ε)·t_j + ε·[s_j > −∞]/K], in place.

    Parameters
    ----------
    targets
        t, (C,), float64; q on return.
    scores
        s, (C,); K counts those above −∞.
    sample, weights
        a, and c and ε.
    """
    share = weights.smoothing / _count_unmasked(scores)
    for j in range(targets.size):
        target = (1 - weights.smoothing) * targets[j] + (share if scores[j] > -np.inf else 0.0)
        targets[j] = target * sample * weights.classes[j]


def total_mass(scores: Array, targets: Array, sample: float, weights: Weights) -> Wide:
    """Return Q = Σ_j q_j as a wide number; the arguments are those of `weigh`."""
    raise NotImplementedError


@formula
def _total_in_float64(scores: Array, targets: Array, sample: float, weights: Weights) -> float:
    share, total = weights.smoothing / _count_unmasked(scores), 0.0
    for j in range(targets.size):
        target = (1 - weights.smoothing) * targets[j] + (share if scores[j] > -np.inf else 0.0)
        total += target * weights.classes[j]
    return total * sample


@formula
def _total_in_pairs(scores: Array, targets: Array, sample: float, weights: Weights) -> Pair:
    share = pair_quotient((weights.smoothing, 0.0), (float(_count_unmasked(scores)), 0.0))
    kept, total = exact_sum(1.0, -weights.smoothing), (0.0, 0.0)
    for j in range(targets.size):
        target = pair_product(kept, (targets[j], 0.0))
        if scores[j] > -np.inf:
            target = pair_sum(target, share)
        total = pair_sum(total, pair_product(target, (weights.classes[j], 0.0)))
    return pair_product(total, (sample, 0.0))


by_type(total_mass, types.float32, _total_in_float64, _total_in_pairs)


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
