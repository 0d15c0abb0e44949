"""Numbers of twice the digits of float64, as unevaluated sums of two.

A pair (a, b) stands for a + b, with |b| at most half a unit in the last place of a:
106 bits. Error-free transformations make it so (Dekker 1971, Knuth 1998 §4.2.2; with
a fused multiply-add a product takes two instructions). None of these functions may
be compiled with reassociation: a − (a + b − b) is what they live on. Infinity is
not a pair (∞ − ∞ is NaN); NaN stays NaN.
"""

from __future__ import annotations

from typing import TypeAlias

from lossgrad_service.kernels.compiling.compiled import formula
from lossgrad_service.kernels.compiling.machine import fma
from lossgrad_service.kernels.numbers.exponential import (
    LN2_64,
    LN2_REST_64,
    LOG2_E_64,
    LOWEST_64,
    UNLIFT,
    WHOLE_64,
    lifted_power,
)

Pair: TypeAlias = tuple[float, float]

_SIXTH = (1 / 6, 9.25185853854297e-18)


@formula
def exact_sum(a: float, b: float) -> Pair:
    """Return a + b and what rounding took from it."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


@formula
def _renormalised(a: float, b: float) -> Pair:
    """Return the sum of two numbers of which the first is the larger, and what was rounded."""
    total = a + b
    return total, b - (total - a)


@formula
def exact_product(a: float, b: float) -> Pair:
    """Return a·b and what rounding took from it."""
    product = a * b
    return product, fma(a, b, -product)


@formula
def pair_sum(a: Pair, b: Pair) -> Pair:
    """Return a + b, also where the two nearly cancel."""
    total, rest = exact_sum(a[0], b[0])
    low, lowest = exact_sum(a[1], b[1])
    total, rest = _renormalised(total, rest + low)
    return _renormalised(total, rest + lowest)


@formula
def unrenormalised_product(a: Pair, b: Pair) -> Pair:
    """Return a·b, whose second part may be a few units of the first's last place.

    Its first part may be infinite; the second is NaN then.
    """
    product, rest = exact_product(a[0], b[0])
    return product, rest + (a[0] * b[1] + a[1] * b[0])


@formula
def pair_product(a: Pair, b: Pair) -> Pair:
    """Return a·b."""
    product, rest = unrenormalised_product(a, b)
    return _renormalised(product, rest)


@formula
def pair_quotient(a: Pair, b: Pair) -> Pair:
    """Return a/b: the quotient of the heads, and what is left of a divided again."""
    head = a[0] / b[0]
    left = pair_sum(a, pair_product((-head, 0.0), b))
    return _renormalised(head, left[0] / b[0])


@formula
def _change_near_zero(r: Pair) -> Pair:
    """Return e^r − 1 for |r| ≤ ln 2/2: r + r²/2 + r³/6 in pairs, the rest of Taylor's in float64.

    The rest is at most 2⁻⁹ of the whole, and so is what its rounding spoils.
    """
    x = r[0]
    p = 1 / 6227020800 + x * (1 / 87178291200 + x / 1307674368000)
    p = 1 / 39916800 + x * (1 / 479001600 + x * p)
    p = 1 / 362880 + x * (1 / 3628800 + x * p)
    p = 1 / 5040 + x * (1 / 40320 + x * p)
    p = 1 / 24 + x * (1 / 120 + x * (1 / 720 + x * p))
    square = pair_product(r, r)
    cube = pair_product(pair_product(square, r), _SIXTH)
    small = pair_sum(cube, (square[0] * square[0] * p, 0.0))
    return pair_sum(r, pair_sum((0.5 * square[0], 0.5 * square[1]), small))


@formula
def _power_and_change(x: Pair) -> tuple[float, Pair]:
    """Return 2ⁿ and e^r − 1 for x = n·ln 2 + r; 0 for 2ⁿ where it is too small to matter."""
    head, rest = (LOWEST_64, 0.0) if x[0] < LOWEST_64 else x
    whole = head * LOG2_E_64 + WHOLE_64
    n = whole - WHOLE_64
    product, left = exact_product(-n, LN2_REST_64)
    r, low = exact_sum(head - n * LN2_64, product)
    return UNLIFT * lifted_power(whole), _change_near_zero(_renormalised(r, low + (left + rest)))


@formula
def pair_exponential(x: Pair) -> Pair:
    """Return e^x for x ≤ 0."""
    power, change = _power_and_change(x)
    head, rest = pair_sum((1.0, 0.0), change)
    return power * head, power * rest


@formula
def pair_exponential_less_one(x: Pair) -> Pair:
    """Return e^x − 1 for x ≤ 0, right to the last digits as x → 0."""
    power, change = _power_and_change(x)
    return pair_sum(exact_sum(power, -1.0), (power * change[0], power * change[1]))
