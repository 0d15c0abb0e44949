"""Matrix products take subnormal entries for 0 where those take long, and leave no trace of it."""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lossgrad_service.kernels.matrices.products import product

IS_X86 = platform.machine().lower() in {"x86_64", "amd64"}
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def normal_and_subnormal(dtype):
    """Return a matrix of which half is subnormal, and the same with 0 there."""
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(64, 48)).astype(dtype)
    mixed = np.where(rng.random(normal.shape) < 0.5, np.finfo(dtype).tiny / 8, normal)
    return mixed.astype(dtype), np.where(mixed == np.finfo(dtype).tiny / 8, dtype(0), mixed)


def has_subnormals(dtype):
    """Return whether this thread tells the least of all numbers from 0."""
    least = np.full(64, np.finfo(dtype).smallest_subnormal, dtype)
    return bool((least * dtype(2) > 0).all())


@dtypes
def test_subnormal_entries_are_zero(dtype):
    mixed, cut = normal_and_subnormal(dtype)
    huge = np.full((48, 32), np.finfo(dtype).max / 64, dtype)
    expected = cut if IS_X86 else mixed
    np.testing.assert_array_equal(product(mixed, huge, 1), product(expected, huge, 1))
    left, right = np.ascontiguousarray(huge.T), np.ascontiguousarray(mixed.T)
    expected = np.ascontiguousarray(expected.T)
    np.testing.assert_array_equal(product(left, right, 1), product(left, expected, 1))


@dtypes
def test_what_is_lost_is_below_the_smallest_normal_number(dtype):
    mixed, _ = normal_and_subnormal(dtype)
    unit = np.eye(48, dtype=dtype)
    assert np.abs(product(mixed, unit, 1) - mixed).max() < np.finfo(dtype).tiny


@dtypes
def test_other_arithmetic_has_subnormals_as_before(dtype):
    mixed, _ = normal_and_subnormal(dtype)
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(has_subnormals, dtype).result()
        thread.submit(product, mixed, mixed.T, 1).result()
        assert thread.submit(has_subnormals, dtype).result()
    assert has_subnormals(dtype)
