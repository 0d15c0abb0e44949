from __future__ import annotations

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad_service.core.plan import Plan
from lossgrad_service.kernels.matrices import tiles

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
dtypes = pytest.mark.parametrize("dtype", [F32, F64])
widths = pytest.mark.parametrize(
    "width", [0, 1, 2, 1000, 8192, 8193, 32_000, 128_256, 10**6, 10**7]
)
threads = pytest.mark.parametrize("threads", [1, 2])


@dtypes
@widths
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


@widths
def test_a_run_is_a_power_of_two_of_at_most_a_million_entries(width):
    rows = tiles.rows_per_run(width)
    assert rows.bit_count() == 1
    assert rows == 1 or rows * width <= 2**20


@pytest.mark.parametrize(("width", "rows"), [(0, 16384), (10, 8192), (1000, 512), (128_256, 8)])
def test_rows_of_few_classes_do_not_make_a_run_long(width, rows):
    assert tiles.rows_per_run(width) == rows


@dtypes
@widths
def test_a_block_is_at_most_32_mib_or_a_run_or_a_tile(width, dtype):
    problem = Problem.of({"scores": np.zeros((0, max(1, width)), dtype), "labels": []})
    plan = Plan.of(problem)
    size = plan.block_rows * width * dtype.itemsize
    assert size <= 32 * 2**20 or plan.block_rows == max(plan.run_rows, plan.tile_rows)
    assert plan.block_rows % plan.run_rows == plan.block_rows % plan.tile_rows == 0


def test_spans_cover_all_rows_in_order():
    assert list(tiles.spans(5, 2)) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert list(tiles.spans(0, 2)) == []


@threads
@pytest.mark.parametrize("rows", [0, 1, 4, 5, 9])
def test_product_is_the_product(rows, threads):
    rng = np.random.default_rng(rows)
    a, b = rng.normal(size=(rows, 6)), rng.normal(size=(6, 3))
    np.testing.assert_allclose(tiles.product(a, b, 4, threads), a @ b, rtol=1e-13)


@dtypes
@pytest.mark.parametrize("columns", [0, 1, 10, 1000, 8192, 8193, 32_000, 128_256])
@pytest.mark.parametrize("inner", [0, 1, 512, 4096, 32_000])
def test_calls_are_short_and_alike_and_cover_all_columns(inner, columns, dtype):
    rows = tiles.rows_per_tile(max(inner, columns), dtype)
    calls = tiles.columns_of_calls((inner, columns), dtype.itemsize, rows)
    widths = [call.stop - call.start for call in calls]
    assert [call.start for call in calls] + [columns] == [0] + [call.stop for call in calls]
    assert max(widths) - min(widths) < 128
    bytes_of_column = rows * inner * dtype.itemsize
    assert (max(widths) - 64) * bytes_of_column <= tiles.CALL_BYTES
    assert len(calls) == 1 or columns * bytes_of_column > tiles.CALL_BYTES


@dtypes
@threads
@pytest.mark.parametrize("columns", [1, 256, 257, 321])
def test_a_product_of_many_calls(columns, threads, dtype, monkeypatch):
    """The bits of a row are those that it has alone, also in a tile that is filled up."""
    rng = np.random.default_rng(columns)
    a = rng.normal(size=(9, 32)).astype(dtype)
    weights = rng.normal(size=(32, columns)).astype(dtype)
    monkeypatch.setattr(tiles, "CALL_BYTES", 4 * 32 * 64 * dtype.itemsize)
    uncached = tiles.columns_of_calls.__wrapped__
    assert len(uncached((32, columns), dtype.itemsize, 4)) == -(-columns // 64)
    monkeypatch.setattr(tiles, "columns_of_calls", uncached)
    for b in (weights, np.ascontiguousarray(weights.T).T):
        whole = tiles.product(a, b, 4, threads)
        np.testing.assert_allclose(whole, a @ b, rtol=0, atol=1e-4)
        for row in range(9):
            alone = tiles.product(a[row : row + 1], b, 4, threads)
            assert alone.tobytes() == whole[row].tobytes()


@threads
def test_products_over_rows_are_added_to_the_total(threads):
    """More rows than a tile, and more columns than a part of the sum."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(600, 300)), rng.normal(size=(600, 1100))
    assert tiles.PART_ENTRIES // 300 < 1100
    total = np.ones((300, 1100))
    tiles.add_product(total, a, b, threads)
    np.testing.assert_allclose(total, 1 + a.T @ b, rtol=0, atol=1e-11)


@threads
def test_products_over_rows_add_up_in_float64(threads):
    """3·10⁷ ones: a float32 sum stops at 2²⁴."""
    total = np.full((1, 1), 3e7)
    ones = np.ones((5, 1), np.float32)
    tiles.add_product(total, ones, ones, threads)
    assert total[0, 0] == 3e7 + 5


@threads
def test_columns_add_up_in_float64(threads):
    total = np.full(5000, 3e7)
    total[1] = 0
    tiles.add_columns(total, np.ones((3, 5000), np.float32), threads)
    assert (np.delete(total, 1) == 3e7 + 3).all()
    assert total[1] == 3
