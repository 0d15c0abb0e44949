"""e^x for x ≤ 0, in lanes, with what x was rounded by put back.

The classical way: x = n·ln 2 + r with n whole and |r| ≤ ln 2/2, and
e^x = 2ⁿ·(1 + r + r²·P(r)). Adding 1.5·2^(p−1), p the digits of the type, rounds to a
whole number and leaves it in the lowest bits, from where a shift makes 2ⁿ of it: no
conversion, no branch, nothing that would keep the loop around it from running in
lanes. P has the least largest error over |r| ≤ ln 2/2, 0.05 u of e^x for float32
and 0.03 u for float64, with u the unit roundoff.

Results are **lifted** by 2¹²⁶: e^{−100} is a subnormal float32 of four digits, while
2¹²⁶·e^{−100} has all of them. Multiplied by a large weight they would show.
Lifted values end at x = −175 (float32) and −796 (float64), below which they are 0:
beyond the smallest subnormal number of either type, 2⁻¹²⁶ for float32 to spare.

Fused multiply-adds are asked for by name. Were they left to the compiler, a lane and
what is left over after the last full lanes might differ, and so two equal scores.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from lossgrad_service.kernels.compiling.by_type import by_type
from lossgrad_service.kernels.compiling.compiled import formula
from lossgrad_service.kernels.compiling.machine import bits32, bits64, float32_of, float64_of, fma

LIFT = 2.0**126
"""What exponentials are held in multiples of: the value of e⁰."""
UNLIFT = 1 / LIFT

_LIFT_EXPONENT = 126

_LOG2_E_32 = np.float32(1.4426950408889634)
_LN2_32 = np.float32(0.693145751953125)
"""ln 2 to 15 bits: its product with n is exact."""
_LN2_REST_32 = np.float32(1.4286068203094173e-06)
_WHOLE_32 = np.float32(1.5 * 2**23)
_BIAS_32 = np.uint32((_LIFT_EXPONENT + 127) << 23)
_SHIFT_32 = np.uint32(23)
LOWEST_32 = np.float32(-175.4)
"""Where n = −253, whose bits are those of 0."""

LOG2_E_64 = 1.4426950408889634
LN2_64 = 0.6931471803691238
"""ln 2 to 32 bits."""
LN2_REST_64 = 1.9082149292705877e-10
WHOLE_64 = 1.5 * 2**52
_BIAS_64 = np.uint64((_LIFT_EXPONENT + 1023) << 52)
_SHIFT_64 = np.uint64(52)
LOWEST_64 = -796.5
"""Where n = −1149, whose bits are those of 0."""


def lifted_exponential(x: Any, rest: Any) -> Any:
    """Return 2¹²⁶·e^{x + rest}, of the type of x; exactly 2¹²⁶ at 0, exactly 0 far below.

    Parameters
    ----------
    x
        At most 0, float32 or float64; NaN stays NaN.
    rest
        What x was rounded by, of the same type: a unit or two in its last place; not
        looked at where the result is 0, so that it may be NaN beside −∞.
    """
    raise NotImplementedError


@formula
def _lifted32(x: Any, rest: Any) -> Any:
    rest = np.float32(0) if x < LOWEST_32 else rest
    x = LOWEST_32 if x < LOWEST_32 else x
    whole = fma(x, _LOG2_E_32, _WHOLE_32)
    n = whole - _WHOLE_32
    r = fma(-n, _LN2_32, x) + fma(-n, _LN2_REST_32, rest)
    p = np.float32(0.00138143118126)
    p = fma(p, r, np.float32(0.00836885190089))
    p = fma(p, r, np.float32(0.0416684012674))
    p = fma(p, r, np.float32(0.166665195151))
    p = fma(p, r, np.float32(0.499999933722))
    power = float32_of((bits32(whole) << _SHIFT_32) + _BIAS_32)
    return fma(power, fma(p * r, r, r), power)


@formula
def _lifted64(x: float, rest: float) -> float:
    power, change = power_and_change(x, rest)
    return fma(power, change, power)


@formula
def power_and_change(x: float, rest: float) -> tuple[float, float]:
    """Return 2¹²⁶·2ⁿ and e^r − 1 for x + rest = n·ln 2 + r."""
    rest = 0.0 if x < LOWEST_64 else rest
    x = LOWEST_64 if x < LOWEST_64 else x
    whole = fma(x, LOG2_E_64, WHOLE_64)
    n = whole - WHOLE_64
    r = fma(-n, LN2_64, x) + fma(-n, LN2_REST_64, rest)
    p = 2.4999874253249233e-8
    p = fma(p, r, 2.7630525542732089e-7)
    p = fma(p, r, 2.7557588382127174e-6)
    p = fma(p, r, 2.4801492382067984e-5)
    p = fma(p, r, 1.9841269502766881e-4)
    p = fma(p, r, 1.3888888944255641e-3)
    p = fma(p, r, 8.3333333334969239e-3)
    p = fma(p, r, 4.1666666666528077e-2)
    p = fma(p, r, 1.6666666666666408e-1)
    p = fma(p, r, 0.50000000000000108)
    return lifted_power(whole), fma(p * r, r, r)


@formula
def lifted_power(whole: float) -> float:
    """Return 2¹²⁶·2ⁿ for n + 1.5·2⁵², n ≥ −1149; 0 for −1149."""
    return float64_of((bits64(whole) << _SHIFT_64) + _BIAS_64)


by_type(lifted_exponential, types.float32, _lifted32, _lifted64)
