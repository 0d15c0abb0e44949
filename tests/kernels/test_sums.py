"""Sums over rows: in float64, in order, at the columns asked for."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad_service.kernels.matrices.sums import add_columns, add_rows

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@dtypes
def test_rows_are_added_to_some_columns(dtype):
    rows = np.arange(12, dtype=dtype).reshape(3, 4)
    total = np.ones(4)
    add_rows(total, rows, 1, 3)
    np.testing.assert_array_equal(total, [1, 16, 19, 1])


@dtypes
def test_rows_are_added_in_order(dtype):
    """The ones are lost one by one beside 2⁵³; added up first they would not be."""
    rows = np.array([[2.0**53], [1], [1], [1], [1]], dtype)
    total = np.zeros(1)
    add_rows(total, rows, 0, 1)
    assert total[0] == 2.0**53


def test_float32_is_added_in_float64():
    total = np.array([2.0**24])
    add_rows(total, np.ones((3, 1), np.float32), 0, 1)
    assert total[0] == 2.0**24 + 3


def test_no_rows_add_nothing():
    total = np.ones(2)
    add_rows(total, np.ones((0, 2)), 0, 2)
    np.testing.assert_array_equal(total, [1, 1])


@pytest.mark.parametrize("threads", [1, 2])
def test_columns_of_any_thread_add_up_in_float64(threads):
    total = np.full(5000, 3e7)
    total[1] = 0
    add_columns(total, np.ones((3, 5000), np.float32), threads)
    assert (np.delete(total, 1) == 3e7 + 3).all()
    assert total[1] == 3
