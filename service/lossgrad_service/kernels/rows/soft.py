"""The general form of the softmax loss: targets, label smoothing, z-term.

The loss is a sum over all classes and its gradient a difference, pull·p − q, whose
digits are bound in absolute terms. A row is worked on in float64 whatever it was sent
in. pull = Q + 2αa·lse may all but cancel: a z-term's lse is made in the next wider type.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiling.by_type import by_type
from lossgrad_service.kernels.compiling.compiled import formula, program
from lossgrad_service.kernels.numbers.exponential import UNLIFT
from lossgrad_service.kernels.numbers.pairs import Pair, pair_exponential, pair_sum
from lossgrad_service.kernels.numbers.row_sum import sum_of, sum_without
from lossgrad_service.kernels.numbers.wide import (
    Wide,
    log_one_plus,
    plus,
    rounded,
    scaled,
)
from lossgrad_service.kernels.rows.partition import (
    exponentials_of,
    index_of,
    largest_of,
)
from lossgrad_service.kernels.rows.scores import (
    Scaling,
    below,
    cap_slope,
    fill_below,
    is_capped,
    largest,
)
from lossgrad_service.kernels.rows.softmax import zero_masks
from lossgrad_service.kernels.rows.targets import (
    Weights,
    are_sound,
    fill_copy,
    fill_one_hot,
    total_mass,
    weigh,
)


class Division(NamedTuple):
    """What a gradient is divided by, one after the other.

    Their product may leave float64 where neither quotient does.
    """

    denominator: float
    """D'."""
    temperature: float
    """τ."""


class RowScratch(NamedTuple):
    """Room for one row, each (C,), float64."""

    heads: Array
    """z − m."""
    rests: Array
    """What rounding took from it."""
    exps: Array
    """The lifted e^{z − m}."""
    mass: Array
    """q."""

    @classmethod
    def of(cls, scores: Array) -> RowScratch:
        """Return room for rows like these, (n, C)."""
        return cls(*np.empty((4, scores.shape[1])))


class Statistics(NamedTuple):
    """What is written of each row, (n,): k as intp, the others float64."""

    first: Array
    """k."""
    maximum: Array
    """m."""
    rest: Array
    """T."""
    losses: Array
    """Σ_j q_j·(lse − z_j)."""
    z_terms: Array
    """a·lse²; 0 without a z-term."""
    sound: Array
    """Whether targets are finite, not negative and 0 at masked classes, as labels have to be."""


@program
def soft_rows(
    scores: Array,
    labels: Array,
    targets: Array | None,
    active: Array,
    counted: Array,
    weights: Weights,
    scaling: Scaling,
    division: Division,
    statistics: Statistics,
    scratch: RowScratch,
    gradient: Array | None,
) -> None:
    """Write what is told of each active row, and ds of those that count.

    Parameters
    ----------
    scores
        s, (n, C), float32 or float64.
    labels
        y, (n,), intp in [0, C); not looked at beside targets.
    targets
        t, (n, C), float64; None is one-hot at the labels.
    active, counted
        Which rows are computed at all, and which have a gradient, (n,), bool; what
        counts is active.
    weights, scaling, division
        a, c, ε, α; how z is made of s; D' and τ.
    statistics
        Written at active rows.
    scratch
        Room for a row.
    gradient
        (n, C), row dtype, written: the gradient by s, 0 in rows that do not count; or
        None where it is not wanted.
    """
    for i in range(len(scores)):
        row, sample = scores[i], weights.sample[i]
        pull = 0.0
        if active[i]:
            if targets is None:
                fill_one_hot(labels[i], scratch.mass)
                statistics.sound[i] = row[labels[i]] > -np.inf
            else:
                fill_copy(targets[i], scratch.mass)
                statistics.sound[i] = are_sound(targets[i], row)
            _fill_exponentials(i, row, scaling, scratch, statistics)
            pull = _tell_losses(i, row, sample, weights, scaling, scratch, statistics)
        if gradient is not None:
            if counted[i]:
                share = pull / (1 + statistics.rest[i])
                _fill_gradient(row, share, scaling, division, scratch, gradient[i])
            else:
                gradient[i, :] = 0


@formula
def _fill_exponentials(
    i: int, row: Array, scaling: Scaling, scratch: RowScratch, statistics: Statistics
) -> None:
    """Write z − m, e^{z − m}, k and T of a row."""
    k = index_of(largest_of(row), row)
    fill_below(row, row[k], scaling, scratch.heads, scratch.rests)
    exponentials_of(scratch.heads, scratch.rests, scratch.exps)
    rest = UNLIFT * sum_without(k, scratch.exps)
    statistics.first[i] = k
    statistics.rest[i] = rest if np.isfinite(row[k]) else np.nan


@formula
def _tell_losses(
    i: int,
    row: Array,
    sample: float,
    weights: Weights,
    scaling: Scaling,
    scratch: RowScratch,
    statistics: Statistics,
) -> float:
    """Write m, the loss and the z-term of a row, given t; return Q + 2αa·lse and leave q."""
    k, rest = statistics.first[i], statistics.rest[i]
    m = largest(row[k], scaling)
    pull, statistics.z_terms[i] = 0.0, 0.0
    if weights.z_loss != 0:
        lse = plus(m, log_one_plus(_wide_rest(row, k, scaling, rest)))
        mass = total_mass(row, scratch.mass, sample, weights)
        pull = _pull(mass, lse, weights.z_loss, sample)
        statistics.z_terms[i] = sample * rounded(lse) * rounded(lse)
    weigh(scratch.mass, row, sample, weights)
    rounded_mass = sum_of(scratch.mass)
    statistics.maximum[i] = rounded(m)
    statistics.losses[i] = rounded_mass * np.log1p(rest) - _moment(scratch.mass, scratch.heads)
    return pull if weights.z_loss != 0 else rounded_mass


@formula
def _pull(mass: Wide, lse: Wide, z_loss: float, sample: float) -> float:
    """Return Q + 2αa·lse; where that is infinite it is no pair."""
    plain = 2 * z_loss * rounded(lse) * sample + rounded(mass)
    if not np.isfinite(plain):
        return plain
    return rounded(plus(scaled(scaled(lse, 2 * z_loss), sample), mass))


@formula
def _moment(mass: Array, heads: Array) -> float:
    """Return Σ_j q_j·(z_j − m), with 0·∞ = 0; uses up z − m."""
    for j in range(mass.size):
        heads[j] = mass[j] * heads[j] if mass[j] != 0 else 0.0
    return sum_of(heads)


def _wide_rest(row: Array, k: int, scaling: Scaling, rest: float) -> Wide:
    """Return T as a wide number, given what float64 makes of it."""
    raise NotImplementedError


@formula
def _given_rest(row: Array, k: int, scaling: Scaling, rest: float) -> float:
    """Return T as it is: of float32 scores it has twice their digits."""
    return rest


@formula
def _rest_in_pairs(row: Array, k: int, scaling: Scaling, rest: float) -> Pair:
    if rest != rest:
        return rest, 0.0
    total = (0.0, 0.0)
    for j in range(row.size):
        if j != k and row[j] > -np.inf:
            total = pair_sum(total, pair_exponential(below(row[j], row[k], scaling)))
    return total


by_type(_wide_rest, types.float32, _given_rest, _rest_in_pairs)


@formula
def _fill_gradient(
    row: Array,
    share: float,
    scaling: Scaling,
    division: Division,
    scratch: RowScratch,
    gradient: Array,
) -> None:
    """Write [(Q + 2αa·lse)·p − q]/D'/τ·∂z/∂u, given (Q + 2αa·lse)/(1 + T)."""
    factor = share / division.denominator / division.temperature
    exps, mass = scratch.exps, scratch.mass
    for j in range(row.size):
        pushed = mass[j] / division.denominator / division.temperature
        mass[j] = UNLIFT * exps[j] * factor - pushed
    if is_capped(scaling):
        for j in range(row.size):
            mass[j] *= cap_slope(row[j], scaling)
    for j in range(row.size):
        gradient[j] = mass[j]
    if abs(factor) == np.inf:
        zero_masks(row, gradient)


@program
def target_gradient_rows(
    scores: Array,
    first: Array,
    rest: Array,
    counted: Array,
    row_weight: Array,
    classes: Array,
    scaling: Scaling,
    scratch: RowScratch,
    gradient: Array,
) -> None:
    """Write dtargets = a·c·(1 − ε)·(lse − z)/D', with lse − z = log1p(T) − (z − m).

    Parameters
    ----------
    scores
        s, (n, C), float32 or float64.
    first, rest
        k and T, (n,), from `soft_rows`.
    counted
        Which rows have a gradient, (n,), bool.
    row_weight, classes
        a·(1 − ε)/D', (n,), and c, (C,), float64.
    scaling
        How z is made of s.
    scratch
        Room for a row.
    gradient
        (n, C), row dtype, written: 0 for masked classes and in rows that do not count.
    """
    for i in range(len(scores)):
        row, level = scores[i], np.log1p(rest[i])
        if counted[i]:
            fill_below(row, row[first[i]], scaling, scratch.heads, scratch.rests)
            for j in range(row.size):
                value = (level - scratch.heads[j]) * row_weight[i] * classes[j]
                gradient[i, j] = value if row[j] != -np.inf else 0.0
        else:
            gradient[i, :] = 0
