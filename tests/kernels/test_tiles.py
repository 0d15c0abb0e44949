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
