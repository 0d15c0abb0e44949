"""Pairs against thousands of bits, each operation with the bits that it is right to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from lossgrad_service.kernels.numbers import pairs

quick = settings(max_examples=300)

PRECISION = 2500
"""Bits that hold any sum of two numbers in this file."""

heads = st.floats(1e-100, 1e100).flatmap(lambda x: st.sampled_from([x, -x]))


@st.composite
def pairs_of(draw, heads=heads):
    """Draw two numbers of which the second is lost when they are added."""
    head = draw(heads)
    rest = draw(st.floats(-0.5, 0.5)) * float(np.spacing(head))
    assume(head + rest == head)
    return head, rest


not_positive = st.one_of(st.floats(-700, -1e-3), st.floats(-1e-3, -1e-300)).map(float)
exponents = pairs_of(not_positive)


def assert_right(pair, true, bits):
    """Hold a pair to 2⁻ᵇⁱᵗˢ, relative; its second number must not show in the first."""
    head, rest = pair
    assert head + rest == head
    with mp.workprec(PRECISION):
        assert abs(mpf(head) + mpf(rest) - true) <= abs(true) * mpf(2) ** -bits


def value(pair):
    """Return the number that a pair stands for."""
    with mp.workprec(PRECISION):
        return mpf(pair[0]) + mpf(pair[1])


@pytest.mark.parametrize("operation", [pairs.exact_sum, pairs.exact_product])
@given(a=heads, b=heads)
@quick
def test_nothing_is_lost(operation, a, b):
    with mp.workprec(PRECISION):
        exact = mpf(a) + mpf(b) if operation is pairs.exact_sum else mpf(a) * mpf(b)
        head, rest = operation(a, b)
        assert head == float(exact)
        assert mpf(head) + mpf(rest) == exact


@given(a=pairs_of(), b=pairs_of())
@quick
def test_sum(a, b):
    with mp.workprec(PRECISION):
        assert_right(pairs.pair_sum(a, b), value(a) + value(b), 104)


@given(a=pairs_of(), ulps=st.integers(-3, 3), rest=st.floats(-0.4, 0.4))
@quick
def test_sum_that_cancels(a, ulps, rest):
    unit = float(np.spacing(a[0]))
    b = (-a[0] + ulps * unit, rest * unit / 2)
    assume(b[0] + b[1] == b[0])
    with mp.workprec(PRECISION):
        assert_right(pairs.pair_sum(a, b), value(a) + value(b), 104)


@given(a=pairs_of(), b=pairs_of())
@quick
def test_product_and_quotient(a, b):
    with mp.workprec(PRECISION):
        assert_right(pairs.pair_product(a, b), value(a) * value(b), 103)
        assert_right(pairs.pair_quotient(a, b), value(a) / value(b), 102)


@given(a=pairs_of(), b=pairs_of())
@quick
def test_unrenormalised_product_differs_in_its_form_alone(a, b):
    head, rest = pairs.unrenormalised_product(a, b)
    with mp.workprec(PRECISION):
        assert_right((head + rest, rest - (head + rest - head)), value(a) * value(b), 103)


@given(x=exponents)
@quick
def test_exponential(x):
    with mp.workprec(PRECISION):
        assert_right(pairs.pair_exponential(x), mp.exp(value(x)), 61)


@given(x=exponents)
@quick
def test_exponential_less_one(x):
    with mp.workprec(PRECISION):
        assert_right(pairs.pair_exponential_less_one(x), mp.expm1(value(x)), 60)


def test_at_0():
    assert pairs.pair_exponential((0.0, 0.0)) == (1, 0)
    assert pairs.pair_exponential_less_one((0.0, 0.0)) == (0, 0)


@pytest.mark.parametrize("x", [-1e3, -1e300, -np.inf])
@pytest.mark.parametrize("rest", [0.0, np.nan])
def test_far_below(x, rest):
    """Beside −∞ the rest of a difference is NaN."""
    assert pairs.pair_exponential((x, rest)) == (0, 0)
    assert pairs.pair_exponential_less_one((x, rest)) == (-1, 0)


@pytest.mark.parametrize("function", [pairs.pair_exponential, pairs.pair_exponential_less_one])
def test_nan_stays(function):
    assert np.isnan(function((np.nan, 0.0))[0])


def test_product_that_overflows_has_an_infinite_head():
    for infinite in (np.inf, -np.inf):
        assert pairs.unrenormalised_product((infinite, np.nan), (2.0, 0.0))[0] == infinite
    assert pairs.unrenormalised_product((1e300, 0.0), (1e300, 0.0))[0] == np.inf
