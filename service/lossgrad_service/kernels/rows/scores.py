"""From scores s to z − m: temperature and softcap.

z itself is hardly ever needed, only how far it lies below another z of its row. That
difference is made in the next wider type (`wide`) and rounded once: with
temperature as (s − s_k)/τ, since s/τ − s_k/τ would round each part, at the size of
the scores instead of the size of their difference.

A score of −∞ is a mask: z = −∞ there with any temperature and softcap, although
κ·tanh(−∞) would be −κ.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numba import types

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiling.by_type import by_type
from lossgrad_service.kernels.compiling.compiled import formula
from lossgrad_service.kernels.numbers.pairs import Pair, exact_sum, unrenormalised_product
from lossgrad_service.kernels.numbers.wide import (
    Wide,
    chosen,
    exponential,
    exponential_less_one,
    like,
    over,
    plus,
    rounded,
    saturated,
    scaled,
    split,
    times,
)


class Scaling(NamedTuple):
    """z = s·inverse, or z = κ·tanh(s·inverse) under a softcap κ."""

    inverse: float
    """1/τ, or 1/(τ·κ) under a softcap, rounded."""
    inverse_rest: float
    """What rounding took from it."""
    softcap: float
    """κ; ∞ without one."""

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, temperature: float, softcap: float | None) -> Scaling:
        """Return the scaling for τ and κ; a softcap of None is none."""
        exact = 1 / (Fraction(temperature) * Fraction(softcap or 1))
        head = float(exact)
        return cls(head, float(exact - Fraction(head)), softcap or inf)


@formula
def is_capped(scaling: Scaling) -> bool:
    """Return whether there is a softcap."""
    return scaling.softcap < np.inf


@formula
def is_plain(scaling: Scaling) -> bool:
    """Return whether z = s."""
    return scaling.inverse == 1 and not is_capped(scaling)


def widened(score: Any) -> Wide:
    """Return a score as a wide number."""
    raise NotImplementedError


def difference(score: Any, reference: Any) -> Wide:
    """Return s − s_r, exactly (of float32, but for what is below 2⁻⁵³ of it)."""
    raise NotImplementedError


def tempered(score: Any, reference: Any, scaling: Scaling) -> Wide:
    """Return (s − s_r)/τ; −∞ for a mask and where it does not fit."""
    raise NotImplementedError


def _inverse(score: Any, scaling: Scaling) -> Wide:
    """Return 1/τ or 1/(τκ), as wide as differences of scores like this one."""
    raise NotImplementedError


@formula
def _number_widened(score: Any) -> float:
    return np.float64(score)


@formula
def _number_difference(score: Any, reference: Any) -> float:
    return np.float64(score) - np.float64(reference)


@formula
def _number_tempered(score: Any, reference: Any, scaling: Scaling) -> float:
    return (np.float64(score) - np.float64(reference)) * scaling.inverse


@formula
def _number_inverse(score: Any, scaling: Scaling) -> float:
    return scaling.inverse


@formula
def _pair_widened(score: float) -> Pair:
    return score, 0.0


@formula
def _pair_difference(score: float, reference: float) -> Pair:
    return exact_sum(score, -reference)


@formula
def _pair_tempered(score: float, reference: float, scaling: Scaling) -> Pair:
    """Halve the scores: the difference of halves always fits."""
    half = exact_sum(0.5 * score, -0.5 * reference)
    return unrenormalised_product(half, (2 * scaling.inverse, 2 * scaling.inverse_rest))


@formula
def _pair_inverse(score: float, scaling: Scaling) -> Pair:
    return scaling.inverse, scaling.inverse_rest


by_type(widened, types.float32, _number_widened, _pair_widened)
by_type(difference, types.float32, _number_difference, _pair_difference)
by_type(tempered, types.float32, _number_tempered, _pair_tempered)
by_type(_inverse, types.float32, _number_inverse, _pair_inverse)


@formula
def capped(score: Any, reference: Any, scaling: Scaling) -> Wide:
    """Return κ·(tanh v − tanh w), with v = s/(τκ) and w = s_r/(τκ) ≥ v.

    tanh v − tanh w = −sinh(w − v)/(cosh v·cosh w)
    = 2·e^{−2·max(v, −w, 0)}·(e^{−2(w − v)} − 1)/((1 + e^{−2|v|})·(1 + e^{−2|w|})),

    in which nothing cancels, neither for scores close together nor for scores so
    large that both tanh are 1.
    """
    gap = saturated(difference(reference, score), _inverse(score, scaling))
    falling, falling_reference = _falling(score, scaling), _falling(reference, scaling)
    one = like(gap, 1.0)
    farther = chosen(falling, chosen(falling_reference, one, reference < 0), score > 0)
    numerator = times(exponential_less_one(scaled(gap, -2.0)), farther)
    denominator = times(plus(one, falling), plus(one, falling_reference))
    part = scaled(over(numerator, denominator), 2 * scaling.softcap)
    return chosen(like(gap, -np.inf), part, score == -np.inf)


@formula
def _falling(score: Any, scaling: Scaling) -> Wide:
    """Return e^{−2|v|}, v = s/(τκ)."""
    v = saturated(widened(score), _inverse(score, scaling))
    return exponential(scaled(v, -2.0 if score > 0 else 2.0))


@formula
def below(score: Any, reference: Any, scaling: Scaling) -> Wide:
    """Return z − z_r, rounded once, for a score s ≤ s_r.

    Parameters
    ----------
    score, reference
        s and s_r, both float32 or both float64.
    scaling
        How z is made of s.

    Returns
    -------
    Wide
        At most 0; −∞ for a mask and where it does not fit, NaN where s and s_r are
        both +∞ or both −∞. What is rounded from −∞ may be NaN.
    """
    if is_capped(scaling):
        return capped(score, reference, scaling)
    if is_plain(scaling):
        return difference(score, reference)
    return tempered(score, reference, scaling)


@formula
def fill_below(scores: Array, reference: Any, scaling: Scaling, heads: Array, rests: Array) -> None:
    """Write z − z_r of a row, as `below`, into `heads` and what rounding took into `rests`.

    One loop for each way, so that each runs in lanes.

    Parameters
    ----------
    scores
        (C,), float32 or float64.
    reference
        s_r, at least as large as each of them.
    scaling
        How z is made of s.
    heads, rests
        (C,), float64.
    """
    if is_capped(scaling):
        for j in range(scores.size):
            heads[j], rests[j] = split(capped(scores[j], reference, scaling))
    elif is_plain(scaling):
        for j in range(scores.size):
            heads[j], rests[j] = split(difference(scores[j], reference))
    else:
        for j in range(scores.size):
            heads[j], rests[j] = split(tempered(scores[j], reference, scaling))


@formula
def largest(score: Any, scaling: Scaling) -> Wide:
    """Return z of one score: s/τ, or κ·tanh(s/(τκ)).

    tanh v = −(e^{−2v} − 1)/(1 + e^{−2v}) for v ≥ 0, which loses nothing as v → 0.
    """
    if is_plain(scaling):
        return widened(score)
    if not is_capped(scaling):
        return tempered(score, score - score, scaling)
    v = saturated(widened(score), _inverse(score, scaling))
    change = exponential_less_one(scaled(v, -2.0 if score > 0 else 2.0))
    tangent = over(change, plus(like(change, 2.0), change))
    part = scaled(tangent, -scaling.softcap if score > 0 else scaling.softcap)
    return chosen(like(v, -np.inf), part, score == -np.inf)


@formula
def cap_slope(score: Any, scaling: Scaling) -> float:
    """Return sech²(s/(τκ)), the slope of the softcap, by its own formula.

    sech² v = 4·e^{−2|v|}/(1 + e^{−2|v|})²; 1 − tanh² v would lose every digit where
    tanh v is close to 1. It is 0 for a mask.
    """
    falling = _falling(score, scaling)
    one_more = plus(like(falling, 1.0), falling)
    return 4 * rounded(over(falling, times(one_more, one_more)))
