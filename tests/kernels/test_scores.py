"""From scores to z − m, as the rows of labels tell it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from lossgrad_service.kernels.rows import scores
from lossgrad_service.kernels.rows.scores import Scaling
from tests.exact import capped
from tests.kernels.calling import compiled, label_rows
from tests.kernels.errors import dtypes, quick

ROUNDING = {np.float32: 2.0**-42, np.float64: 2.0**-51}
"""What a difference may be off: many roundings in float64, or the last ones of a pair."""


def gap(low, high, dtype, **scaling):
    """Return m − z_y of the row (low, high), with label 0."""
    rows = label_rows(np.array([[low, high]], dtype), with_gradient=False, **scaling)
    return rows.gap[0]


def maximum(score, dtype, **scaling):
    """Return m of a row of one class."""
    return label_rows(np.array([[score]], dtype), with_gradient=False, **scaling).maximum[0]


@pytest.mark.parametrize("temperature", [1.0, 0.7, 3.0, 1e-100, 1e100])
@pytest.mark.parametrize("softcap", [None, 30.0, 0.1, 1e-100, 1e100])
def test_scaling_has_twice_the_digits(temperature, softcap):
    scaling = Scaling.of(temperature, softcap)
    exact = 1 / (Fraction(temperature) * Fraction(softcap or 1))
    error = Fraction(scaling.inverse) + Fraction(scaling.inverse_rest) - exact
    assert abs(error) <= exact * Fraction(2) ** -104
    assert scaling.softcap == (softcap or np.inf)


finite = st.floats(-1e4, 1e4, width=32)
scalings = {
    "temperature": st.sampled_from([1.0, 0.3, 7.0, 1e-5, 1e5]),
    "softcap": st.sampled_from([None, 0.5, 30.0, 1e6]),
}


@dtypes
@given(a=finite, b=finite, scaling=st.fixed_dictionaries(scalings))
@quick
def test_differences_and_maxima(dtype, a, b, scaling):
    low, high = sorted([a, b])
    tau = mpf(scaling["temperature"])
    z, m = (capped(mpf(score) / tau, scaling["softcap"]) for score in (low, high))
    assert_right(gap(low, high, dtype, **scaling), m - z, dtype)
    assert_right(maximum(high, dtype, **scaling), m, dtype)


def assert_right(actual, exact, dtype):
    """Hold a number to its roundings, absolute below the smallest normal number."""
    floor = mpf(float(np.finfo(np.float64).smallest_normal))
    assert abs(mpf(float(actual)) - exact) <= max(abs(exact), floor) * ROUNDING[dtype]


@dtypes
def test_far_beyond_the_cap_scores_are_still_told_apart(dtype):
    """tanh is 1 to all digits of float64 at both; the difference is 2κ(e^{−2v} − e^{−2w})."""
    expected = 4 * (np.exp(-80.0) - np.exp(-90.0))
    assert gap(80.0, 90.0, dtype, softcap=2.0) == pytest.approx(expected, rel=1e-12, abs=0)


@dtypes
@pytest.mark.parametrize("softcap", [None, 5.0])
@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_minus_infinity_is_a_mask_under_any_transformation(dtype, temperature, softcap):
    """And not −κ, which κ·tanh(−∞) would be."""
    row = np.array([[-np.inf, 2.0, -1.0]], dtype)
    rows = label_rows(row, temperature=temperature, softcap=softcap)
    assert rows.gap[0] == np.inf
    assert rows.gradient[0, 0] <= 0 < rows.gradient[0, 2]
    probabilities = label_rows(row, [1], temperature=temperature, softcap=softcap).gradient[0]
    assert probabilities[0] == 0 < probabilities[2]


@pytest.mark.parametrize("softcap", [None, 5.0])
def test_difference_that_does_not_fit_is_infinite(softcap):
    """Under a softcap every difference fits."""
    expected = np.inf if softcap is None else 2 * softcap
    assert gap(-1e308, 1e308, np.float64, temperature=1e-3, softcap=softcap) == expected


cap_slope = compiled(scores.cap_slope)


@dtypes
@pytest.mark.parametrize("score", [0.0, 1e-3, -2.0, 30.0, -300.0])
def test_slope_is_the_square_of_a_hyperbolic_secant(dtype, score):
    """And right where tanh is 1 to all digits."""
    slope = cap_slope(dtype(score), Scaling.of(1.5, 2.0))
    assert_right(slope, mp.sech(mpf(float(dtype(score))) / 3) ** 2, dtype)


@dtypes
def test_mask_has_no_slope(dtype):
    scaling = Scaling.of(1.0, 3.0)
    assert [cap_slope(dtype(score), scaling) for score in (0, -np.inf, 1e6)] == [1, 0, 0]
