from __future__ import annotations

import numpy as np
import pytest

from lossgrad_service.kernels.compiling import machine
from lossgrad_service.kernels.compiling.compiled import formula
from tests.kernels.calling import compiled, entrywise

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
NAN, INF = np.nan, np.inf

maximum = compiled(machine.maximum)
maxima = entrywise(machine.maximum)
fma = compiled(machine.fma)


@dtypes
@pytest.mark.parametrize(
    ("a", "b", "larger"), [(1, 2, 2), (-INF, -3, -3), (INF, 5, INF), (-INF, -INF, -INF)]
)
def test_maximum(dtype, a, b, larger):
    assert maximum(dtype(a), dtype(b)) == maximum(dtype(b), dtype(a)) == larger


@dtypes
@pytest.mark.parametrize("other", [0, INF, -INF, NAN])
def test_nan_is_the_largest(dtype, other):
    assert np.isnan(maximum(dtype(NAN), dtype(other)))
    assert np.isnan(maximum(dtype(other), dtype(NAN)))


@dtypes
def test_zero_is_larger_than_minus_zero(dtype):
    zeros = dtype(0), dtype(-0.0)
    assert not np.signbit([maximum(*zeros), maximum(*reversed(zeros))]).any()


@dtypes
def test_maxima_in_lanes(dtype):
    a, b = np.random.default_rng(0).normal(size=(2, 67)).astype(dtype)
    a[::5] = NAN
    np.testing.assert_array_equal(maxima(a, b), np.maximum(a, b))


@dtypes
def test_fma_rounds_once(dtype):
    """(1 + ε)² − 1 = 2ε + ε², of which a rounded square has lost ε²."""
    eps = np.finfo(dtype).eps
    assert fma(1 + eps, 1 + eps, dtype(-1)) == 2 * eps + eps * eps


@pytest.mark.parametrize(
    ("to_bits", "of_bits", "dtype", "unsigned"),
    [
        (machine.bits32, machine.float32_of, np.float32, np.uint32),
        (machine.bits64, machine.float64_of, np.float64, np.uint64),
    ],
)
def test_bits_are_those_of_the_number(to_bits, of_bits, dtype, unsigned):
    to_bits, of_bits = compiled(to_bits), compiled(of_bits)
    for number in (dtype(-1.5), dtype(0), np.finfo(dtype).smallest_subnormal, dtype(INF)):
        bits = unsigned(to_bits(number))
        assert bits == number.view(unsigned)
        assert of_bits(bits) == number


@formula
def sum_while_fetching(array, ahead):
    total = 0.0
    for i in range(array.size):
        machine.fetch(array, i + ahead)
        total += array[i]
    return total


@pytest.mark.parametrize("ahead", [0, 4096, 2**40, -(2**40)])
def test_fetching_beyond_the_end_does_nothing(ahead):
    assert sum_while_fetching(np.ones(1000), ahead) == 1000
