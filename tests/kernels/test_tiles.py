from __future__ import annotations

import numpy as np
import pytest

from lossgrad_service.kernels import tiles

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("width", [0, 1, 2, 1000, 8192, 8193, 32_000, 128_256, 10**6, 10**7])
def test_a_tile_is_a_power_of_two_of_at_most_256_rows_and_8_mib(width, dtype):
    rows = tiles.rows_per_tile(width, dtype)
    assert rows.bit_count() == 1
    assert rows <= 256
    assert rows == 1 or rows * width * dtype.itemsize <= 8 * 2**20


@pytest.mark.parametrize(
    ("width", "dtype", "rows"),
    [(1000, F32, 256), (8192, F32, 256), (8193, F32, 128), (32_000, F32, 64), (32_000, F64, 32)],
)
def test_a_tile_is_as_large_as_it_may_be(width, dtype, rows):
    assert tiles.rows_per_tile(width, dtype) == rows


def test_runs_are_powers_of_two():
    assert tiles.rows_per_run(10, 10, F32).bit_count() == 1
    assert tiles.rows_per_run(10**7, 10**7, F64) == 1


def test_a_run_of_few_classes_is_bounded_by_what_stands_beside_them():
    assert tiles.rows_per_run(2, 2, F32) == 2**16
    assert tiles.rows_per_run(2, 8192, F32) == 256


def test_spans_cover_all_rows_in_order():
    assert list(tiles.spans(5, 2)) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert list(tiles.spans(0, 2)) == []


@pytest.mark.parametrize("rows", [0, 1, 4, 5, 9])
def test_product_is_the_product(rows):
    rng = np.random.default_rng(rows)
    a, b = rng.normal(size=(rows, 6)), rng.normal(size=(6, 3))
    np.testing.assert_allclose(tiles.product(a, b, 4), a @ b, rtol=1e-13)


def test_products_over_rows_add_up_in_float64():
    """3·10⁷ ones: a float32 sum stops at 2²⁴."""
    total = np.full((1, 1), 3e7)
    ones = np.ones((5, 1), np.float32)
    tiles.add_product(total, ones, ones, 2)
    assert total[0, 0] == 3e7 + 5


def test_columns_add_up_in_float64():
    total = np.array([3e7, 0])
    tiles.add_columns(total, np.ones((3, 2), np.float32))
    np.testing.assert_array_equal(total, [3e7 + 3, 3])
