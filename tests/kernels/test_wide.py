"""The next wider type: the same formulas with float64 and with pairs."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp, mpf

from lossgrad_service.kernels.compiling.compiled import formula
from lossgrad_service.kernels.numbers import wide
from tests.kernels.calling import compiled

REST = 3e-17
NUMBERS = {"number": (0.75, -1.25), "pair": ((0.75, REST), (-1.25, -REST))}
BITS = {"number": 52, "pair": 60}
kinds = pytest.mark.parametrize("kind", NUMBERS)


@formula
def everything(a, b):
    return (
        wide.plus(a, b),
        wide.times(a, b),
        wide.over(a, b),
        wide.scaled(a, -3.0),
        wide.exponential(b),
        wide.exponential_less_one(b),
        wide.log_one_plus(a),
    )


def value(number):
    return mp.fsum(map(mpf, number)) if isinstance(number, tuple) else mpf(number)


@kinds
def test_every_operation(kind):
    with mp.workprec(400):
        a, b = map(value, NUMBERS[kind])
        true = [a + b, a * b, a / b, -3 * a, mp.exp(b), mp.expm1(b), mp.log1p(a)]
        results = everything(*NUMBERS[kind])
        assert all(isinstance(each, tuple) == (kind == "pair") for each in results)
        for result, exact in zip(map(value, results), true, strict=True):
            assert abs(result - exact) <= abs(exact) * mpf(2) ** -BITS[kind]


@pytest.mark.parametrize("x", [1e-300, 1e-17, 1e-5, 0.1, 3.0, 1e10, 1e300])
def test_log_one_plus_is_right_for_any_size(x):
    for number in (x, (x, x * 5e-17)):
        result = compiled(wide.log_one_plus)(number)
        with mp.workprec(2400):
            exact = mp.log1p(value(number))
            assert abs(value(result) - exact) <= abs(exact) * mpf(2) ** -51


@formula
def in_and_out(model, number):
    other = wide.like(model, number)
    first = wide.chosen(other, model, True)
    second = wide.chosen(model, other, False)
    return wide.rounded(other), wide.split(first), wide.rounded(second), wide.split(model)


@kinds
def test_in_and_out(kind):
    model, _ = NUMBERS[kind]
    rest = REST if kind == "pair" else 0
    assert in_and_out(model, 2.5) == (2.5, (2.5, 0), 2.5, (0.75, rest))


saturated = compiled(wide.saturated)


def heads(number):
    return number[0] if isinstance(number, tuple) else number


@pytest.mark.parametrize("as_wide", [float, lambda x: (x, 0.0)], ids=["number", "pair"])
@pytest.mark.parametrize(
    ("a", "b", "product"),
    [
        (2.0, 3.0, 6),
        (1e200, 1e200, 1e6),
        (-1e200, 1e200, -1e6),
        (np.inf, 1e-100, 1e6),
        (-np.inf, 1e-100, -1e6),
    ],
)
def test_saturated_products_are_finite(as_wide, a, b, product):
    result = saturated(as_wide(a), as_wide(b))
    assert heads(result) == product
    assert not isinstance(result, tuple) or result[1] == 0


@pytest.mark.parametrize("as_wide", [float, lambda x: (x, 0.0)], ids=["number", "pair"])
def test_nan_is_not_saturated(as_wide):
    assert np.isnan(heads(saturated(as_wide(np.nan), as_wide(2.0))))
