"""float16 and bfloat16 as NumPy and ml_dtypes convert them, which is an entry at a time."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from lossgrad_service.kernels.arrays import frozen
from lossgrad_service.kernels.numbers import halves

HALF, BRAIN = np.float16, ml_dtypes.bfloat16
WIDEN = {HALF: halves.widen_halves, BRAIN: halves.widen_brains}
NARROW = {HALF: halves.narrow_to_halves, BRAIN: halves.narrow_to_brains}
dtypes = pytest.mark.parametrize("dtype", [HALF, BRAIN])

EVERY = np.arange(2**16, dtype=np.uint16).reshape(256, 256)


def widened(bits, dtype):
    numbers = np.empty(bits.shape, np.float32)
    WIDEN[dtype](frozen(bits), numbers)
    return numbers


def narrowed(numbers, dtype):
    bits = np.empty(numbers.shape, np.uint16)
    NARROW[dtype](frozen(numbers), bits)
    return bits.view(dtype)


def assert_same(actual, expected):
    """Hold numbers to the same bits, but for what kind of NaN they are."""
    as_numbers = actual.astype(np.float32), expected.astype(np.float32)
    np.testing.assert_array_equal(*as_numbers)
    np.testing.assert_array_equal(*map(np.signbit, as_numbers))


@dtypes
def test_every_number_is_widened_exactly(dtype):
    assert_same(widened(EVERY, dtype), EVERY.view(dtype).astype(np.float32))


@dtypes
def test_every_number_comes_back(dtype):
    assert_same(narrowed(widened(EVERY, dtype), dtype), EVERY.view(dtype))


def neighbourhoods(dtype):
    """Return every number of a dtype, every tie between two, and what is beside each."""
    with np.errstate(invalid="ignore", over="ignore"):
        numbers = EVERY.view(dtype).astype(np.float32)
        ties = (numbers[:, :-1] + numbers[:, 1:]) / 2
        points = np.concatenate([numbers, ties], axis=1)
        around = [np.nextafter(points, np.float32(end)) for end in (-np.inf, np.inf)]
    return np.concatenate([points, *around])


@dtypes
def test_rounding_is_to_nearest_ties_to_even(dtype):
    numbers = neighbourhoods(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        assert_same(narrowed(numbers, dtype), numbers.astype(dtype))


@dtypes
def test_rounding_of_numbers_of_any_size(dtype):
    """Overflow, subnormal numbers, infinity and NaN are among a million patterns of bits."""
    bits = np.random.default_rng(0).integers(0, 2**32, (1000, 1000), np.uint32)
    numbers = bits.view(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        assert_same(narrowed(numbers, dtype), numbers.astype(dtype))


@dtypes
def test_nan_of_which_few_bits_are_set_stays(dtype):
    """Cut off after 16 bits it would be infinity."""
    numbers = np.array([[0x7F800001, 0xFF800001, 0x7FFFFFFF]], np.uint32).view(np.float32)
    assert np.isnan(narrowed(numbers, dtype).astype(np.float32)).all()
