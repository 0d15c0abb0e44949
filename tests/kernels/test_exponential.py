"""The exponential: how far from the truth, over everything that it is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp, mpf

from lossgrad_service.kernels.numbers.exponential import (
    LIFT,
    LOWEST_32,
    LOWEST_64,
    lifted_exponential,
)
from tests.kernels.calling import entrywise

WORST_ULP = 1.03
"""In units of the last place; all float32 from −174.6 to −2⁻³⁰, one by one, met 1.016."""
LEAST_NORMAL = {np.float32: -174.6, np.float64: -795.8}
"""Where the lifted result is about to be subnormal."""
BITS = {np.float32: np.uint32, np.float64: np.uint64}
COUNT = {np.float32: 2**20, np.float64: 5000}
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])

lifted = entrywise(lifted_exponential)


def everywhere(dtype):
    """Return numbers evenly spread over the bits of those from −2⁻³⁰ down."""
    ends = [dtype(x).view(BITS[dtype]) for x in (-(2.0**-30), LEAST_NORMAL[dtype])]
    return np.linspace(*ends, COUNT[dtype], dtype=BITS[dtype]).view(dtype)


def densest(dtype):
    """Return numbers between −8 and 0, where most scores of a row are."""
    return -8 * np.random.default_rng(0).random(COUNT[dtype]).astype(dtype)


def truth(x, rest):
    """Return 2¹²⁶·e^{x + rest} in a type with some more digits."""
    if x.dtype == np.float32:
        return np.exp(x.astype(np.float64) + rest) * LIFT
    with mp.workdps(40):
        sums = (mpf(a) + mpf(b) for a, b in zip(x.tolist(), rest.tolist(), strict=True))
        return np.array([mp.exp(each) * mpf(LIFT) for each in sums])


def errors(x, rest):
    """Return the errors in units of the last place."""
    true = truth(x, rest)
    return np.abs((lifted(x, rest) - true) / np.spacing(true.astype(x.dtype))).astype(float)


@dtypes
@pytest.mark.parametrize("numbers", [everywhere, densest])
def test_error(dtype, numbers):
    x = numbers(dtype)
    worst = errors(x, np.zeros_like(x)).max()
    print(f"exponential {dtype.__name__} {numbers.__name__}: {worst:.3f} ulp")
    assert worst <= WORST_ULP


@dtypes
@pytest.mark.parametrize("numbers", [everywhere, densest])
def test_what_the_argument_was_rounded_by_is_put_back(dtype, numbers):
    """Lost, half a unit of −174 alone would be 64 units of the result's last place."""
    x = numbers(dtype)
    rest = (np.random.default_rng(1).uniform(-1, 1, x.size) * np.spacing(x)).astype(dtype)
    worst = errors(x, rest).max()
    print(f"exponential of a sum {dtype.__name__} {numbers.__name__}: {worst:.3f} ulp")
    assert worst <= WORST_ULP


def test_where_float32_is_worst():
    x = np.array([-5.855136, -5.197653, -3.8113585], np.float32)
    assert errors(x, np.zeros_like(x)).max() <= WORST_ULP


@dtypes
def test_one_is_exact(dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    x = np.array([0, -0.0, -tiny, -np.finfo(dtype).eps / 8], dtype)
    np.testing.assert_array_equal(lifted(x, np.zeros_like(x)), LIFT)


@dtypes
@pytest.mark.parametrize("rest", [0.0, 1.0, np.nan])
def test_far_below_it_is_exactly_0(dtype, rest):
    """Beside −∞ the rest of a difference is NaN."""
    lowest = {np.float32: LOWEST_32, np.float64: LOWEST_64}[dtype]
    x = np.array([np.nextafter(lowest, dtype(-np.inf)), np.finfo(dtype).min, -np.inf], dtype)
    assert not lifted(x, np.full_like(x, rest)).any()


@dtypes
def test_it_never_rises_towards_0(dtype):
    x = np.linspace(LEAST_NORMAL[dtype] - 2, LEAST_NORMAL[dtype] + 2, 2001).astype(dtype)
    values = lifted(x, np.zeros_like(x))
    assert values[0] == 0 < values[-1]
    assert (np.diff(values) >= 0).all()


@dtypes
def test_nan_stays(dtype):
    assert np.isnan(lifted(np.array([np.nan], dtype), np.zeros(1, dtype))).all()


@dtypes
def test_lanes_and_what_is_left_over_agree(dtype):
    """Vectors end somewhere, and equal scores stand in lanes and behind them."""
    x = np.full(67, -1.2345678, dtype)
    assert len(set(lifted(x, np.zeros_like(x)).tolist())) == 1
