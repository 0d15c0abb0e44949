"""The arithmetic of the next wider type: float64 for float32 scores, pairs for float64.

A formula written with these functions rounds once, in whichever type its scores
come. A wide number is a float64 or a `Pair`; Numba picks the function by its type.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from numba import types

from lossgrad_service.kernels.compiling.by_type import by_type
from lossgrad_service.kernels.compiling.compiled import formula
from lossgrad_service.kernels.compiling.machine import fma
from lossgrad_service.kernels.numbers import pairs
from lossgrad_service.kernels.numbers.exponential import UNLIFT, power_and_change

Wide: TypeAlias = Any
"""A float64 or a pair of them."""

_SATURATION = 1e6


def plus(a: Wide, b: Wide) -> Wide:
    """Return a + b."""
    raise NotImplementedError


def times(a: Wide, b: Wide) -> Wide:
    """Return a·b."""
    raise NotImplementedError


def over(a: Wide, b: Wide) -> Wide:
    """Return a/b."""
    raise NotImplementedError


def scaled(a: Wide, factor: float) -> Wide:
    """Return a·factor, exact for a power of 2."""
    raise NotImplementedError


def exponential(x: Wide) -> Wide:
    """Return e^x for x ≤ 0."""
    raise NotImplementedError


def exponential_less_one(x: Wide) -> Wide:
    """Return e^x − 1 for x ≤ 0."""
    raise NotImplementedError


def log_one_plus(x: Wide) -> Wide:
    """Return log(1 + x) for x ≥ 0."""
    raise NotImplementedError


def like(model: Wide, number: float) -> Wide:
    """Return a float64 as a wide number of the kind of `model`."""
    raise NotImplementedError


def chosen(a: Wide, b: Wide, first: bool) -> Wide:
    """Return a if `first` is true, else b."""
    raise NotImplementedError


def saturated(a: Wide, b: Wide) -> Wide:
    """Return a·b, held within ±10⁶: infinity is no pair."""
    raise NotImplementedError


def rounded(a: Wide) -> float:
    """Return a as a float64."""
    raise NotImplementedError


def split(a: Wide) -> tuple[float, float]:
    """Return a rounded to float64, and what that took from it."""
    raise NotImplementedError


@formula
def _number_sum(a: float, b: float) -> float:
    return a + b


@formula
def _number_product(a: float, b: float) -> float:
    return a * b


@formula
def _number_quotient(a: float, b: float) -> float:
    return a / b


@formula
def _number_exponential(x: float) -> float:
    power, change = power_and_change(x, 0.0)
    return UNLIFT * fma(power, change, power)


@formula
def _number_exponential_less_one(x: float) -> float:
    power, change = power_and_change(x, 0.0)
    power *= UNLIFT
    return fma(power, change, power - 1)


@formula
def _number_log_one_plus(x: float) -> float:
    return math.log1p(x)


@formula
def _number_like(model: float, number: float) -> float:
    return number


@formula
def _number_chosen(a: float, b: float, first: bool) -> float:
    return a if first else b


@formula
def _number_saturated(a: float, b: float) -> float:
    product = a * b
    product = _SATURATION if product > _SATURATION else product
    return -_SATURATION if product < -_SATURATION else product


@formula
def _number_rounded(a: float) -> float:
    return a


@formula
def _number_split(a: float) -> tuple[float, float]:
    return a, 0.0


@formula
def _pair_scaled(a: pairs.Pair, factor: float) -> pairs.Pair:
    return pairs.pair_product(a, (factor, 0.0))


@formula
def _pair_log_one_plus(x: pairs.Pair) -> pairs.Pair:
    """Return log(1 + x) by one step of Newton's from float64: y + (1 + x − e^y)·e^{−y}."""
    y = math.log1p(x[0])
    falling = pairs.pair_exponential((-y, 0.0))
    one_plus_x = pairs.pair_sum((1.0, 0.0), x)
    excess = pairs.pair_sum(pairs.pair_product(one_plus_x, falling), (-1.0, 0.0))
    return pairs.pair_sum((y, 0.0), excess)


@formula
def _pair_like(model: pairs.Pair, number: float) -> pairs.Pair:
    return number, 0.0


@formula
def _pair_chosen(a: pairs.Pair, b: pairs.Pair, first: bool) -> pairs.Pair:
    return a[0] if first else b[0], a[1] if first else b[1]


@formula
def _pair_saturated(a: pairs.Pair, b: pairs.Pair) -> pairs.Pair:
    head, rest = pairs.unrenormalised_product(a, b)
    within = not abs(head) > _SATURATION
    return _number_saturated(a[0], b[0]), rest if within else 0.0


@formula
def _pair_rounded(a: pairs.Pair) -> float:
    return a[0]


@formula
def _pair_split(a: pairs.Pair) -> pairs.Pair:
    return a


by_type(plus, types.float64, _number_sum, pairs.pair_sum)
by_type(times, types.float64, _number_product, pairs.pair_product)
by_type(over, types.float64, _number_quotient, pairs.pair_quotient)
by_type(scaled, types.float64, _number_product, _pair_scaled)
by_type(exponential, types.float64, _number_exponential, pairs.pair_exponential)
by_type(
    exponential_less_one,
    types.float64,
    _number_exponential_less_one,
    pairs.pair_exponential_less_one,
)
by_type(log_one_plus, types.float64, _number_log_one_plus, _pair_log_one_plus)
by_type(like, types.float64, _number_like, _pair_like)
by_type(chosen, types.float64, _number_chosen, _pair_chosen)
by_type(saturated, types.float64, _number_saturated, _pair_saturated)
by_type(rounded, types.float64, _number_rounded, _pair_rounded)
by_type(split, types.float64, _number_split, _pair_split)
