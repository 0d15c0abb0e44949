"""Products of matrices: right, and of the same bits however they are made."""

from __future__ import annotations

import platform

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad_service.kernels.arrays import frozen
from lossgrad_service.kernels.matrices import panels, products
from lossgrad_service.kernels.matrices.products import DEPTH, add_product, product
from tests.kernels.processes import in_fresh_process
from tests.running import PATIENCE_SECONDS

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
threads = pytest.mark.parametrize("threads", [1, 2, 5])
extents = st.integers(0, 70)
large = pytest.mark.parametrize("shape", [(257, 600, 49), (30, 513, 1057), (600, 5, 1100)], ids=str)


def drawn(seed, *shape, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def in_layouts(matrix):
    """Return a matrix as it lies, and as the transpose of what is C-contiguous."""
    return matrix, np.ascontiguousarray(matrix.T).T


def assert_is_product(result, a, b, added=0.0):
    """Hold a result to what each of its sums may be off: one rounding for every product."""
    exact = added + a.astype(np.longdouble) @ b.astype(np.longdouble)
    sizes = np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64)
    roundings = a.shape[1] + 2
    bound = roundings * np.finfo(a.dtype).eps / 2 * sizes + np.finfo(np.float64).eps * abs(added)
    assert result.shape == exact.shape
    assert (np.abs(result - exact) <= bound).all()


def assert_products(rows, inner, columns, threads, dtype):
    """Hold both products of some extents against exact ones, in both layouts."""
    a, weights = drawn(1, rows, inner, dtype=dtype), drawn(2, inner, columns, dtype=dtype)
    for b in in_layouts(weights):
        result = product(a, b, threads)
        assert result.dtype == dtype
        assert_is_product(result, a, b)
    for left in in_layouts(a.T):
        total = np.ones((rows, columns))
        add_product(total, left, weights, threads)
        assert_is_product(total, left.T, weights, added=1.0)


@dtypes
@given(rows=extents, inner=extents, columns=extents, threads=st.integers(1, 3))
def test_products_of_any_shape_and_layout(rows, inner, columns, threads, dtype):
    assert_products(rows, inner, columns, threads, dtype)


@dtypes
@large
@pytest.mark.parametrize("threads", [1, 2])
def test_products_of_several_parts(shape, threads, dtype):
    assert_products(*shape, threads, dtype)


@dtypes
@pytest.mark.parametrize("columns", [1, 15, 48, 100, 1057])
@pytest.mark.parametrize("inner", [1, 256, 700])
def test_a_row_has_the_bits_that_it_has_alone(inner, columns, dtype):
    a, weights = drawn(1, 300, inner, dtype=dtype), drawn(2, inner, columns, dtype=dtype)
    whole = product(a, weights, 1)
    for b in in_layouts(weights):
        for rows in (slice(0, 1), slice(7, 9), slice(255, 257), slice(20, 300)):
            for threads in (1, 2):
                assert product(a[rows], b, threads).tobytes() == whole[rows].tobytes()


@dtypes
def test_an_entry_has_the_bits_of_sums_in_order(dtype):
    """Each of 256 products, and these added up in order; told again in plain Python."""
    a, b = drawn(1, 1, 600, dtype=dtype)[0], drawn(2, 600, 1, dtype=dtype)
    wide = np.longdouble if dtype == np.float64 else np.float64
    expected = dtype(0)
    for start in range(0, 600, DEPTH):
        chunk = dtype(0)
        for x, y in zip(a[start : start + DEPTH], b[start : start + DEPTH, 0], strict=True):
            chunk = dtype(wide(x) * wide(y) + wide(chunk))
        expected += chunk
    tolerance = 0 if dtype == np.float32 else 1e-15  # 64 bits hold no product of two doubles
    assert abs(product(a[None], b, 1)[0, 0] - expected) <= tolerance


@threads
@pytest.mark.parametrize("shape", [(1, 1), (512, 1000), (1, 32_000), (10_000, 10), (300, 49)])
def test_parts_cover_the_total_once_and_are_enough(shape, threads):
    covered = np.zeros(shape, int)
    parts = products._parts(*shape, threads)
    for part in parts:
        covered[part] += 1
    assert (covered == 1).all()
    assert len(parts) >= min(threads, max(shape) // products.WHOLE)


@threads
@pytest.mark.parametrize("shape", [(256, 100), (100, 256), (16, 32_000)], ids=str)
def test_no_thread_is_left_with_most_of_the_work(shape, threads):
    """100 columns were 96 for one and 4 for the other."""
    sizes = [np.empty(shape, np.int8)[part].size for part in products._parts(*shape, threads)]
    shares = [sum(sizes[first::threads]) for first in range(threads)]
    assert max(shares) < 1.5 * np.mean(shares)


def guarded(array):
    """Return an array's copy between NaNs, and a function that tells that they are unharmed."""
    zone = 4096
    memory = np.full(array.size + 2 * zone, np.nan, array.dtype)
    inside = memory[zone:-zone]

    def assert_guarded():
        assert np.isnan(memory[:zone]).all()
        assert np.isnan(memory[-zone:]).all()

    inside[:] = array
    return inside, assert_guarded


@dtypes
@given(depth=st.integers(1, 9), rows=st.integers(1, 110), columns=st.integers(1, 110))
def test_panels_are_filled_and_nothing_beyond_them_is_touched(depth, rows, columns, dtype):
    def packed(pack, matrix, columns):
        memory = np.full_like(panels.room(depth, columns, matrix.dtype), np.nan)
        inside, assert_guarded = guarded(memory)
        pack(frozen(matrix), 2, 2 + depth, 3, 3 + columns, inside)
        assert not np.isnan(inside).any()
        assert_guarded()
        return inside

    a, b = drawn(1, depth + 3, rows + 4, dtype=dtype), drawn(2, depth + 3, columns + 4, dtype=dtype)
    right = packed(panels.pack, b, columns)
    both = (
        packed(panels.pack, a, rows),
        packed(panels.pack_transposed, np.ascontiguousarray(a.T), rows),
    )
    sums, assert_guarded = guarded(panels.room_for_piece(a.dtype))
    inner = slice(2, 2 + depth)
    for left in both:
        total = np.zeros((rows + 2, columns + 2))
        panels.add_panels(total, 1, 1 + rows, 1, 1 + columns, depth, left, right, sums)
        assert_guarded()
        inside = total[1:-1, 1:-1]
        assert_is_product(inside.astype(dtype), a[inner, 3:-1].T, b[inner, 3:-1])
        assert np.count_nonzero(total) == np.count_nonzero(inside)


def test_the_least_of_what_float32_would_lose_is_kept():
    """3·10⁷ ones: a float32 sum stops at 2²⁴."""
    total = np.full((1, 1), 3e7)
    ones = np.ones((5, 1), np.float32)
    add_product(total, ones, ones, 1)
    assert total[0, 0] == 3e7 + 5


@dtypes
def test_what_is_not_finite_stays_in_its_row_and_column(dtype):
    """Also beside columns that fill up a register."""
    a, b = np.ones((20, 10), dtype), np.ones((10, 21), dtype)
    a[19, 3], b[4, 20] = np.nan, np.inf
    result = product(a, b, 1)
    assert np.isnan(result[19]).all()
    np.testing.assert_array_equal(result[:19, 20], np.inf)
    np.testing.assert_array_equal(result[:19, :20], 10)


PRODUCTS = """
    import numpy as np
    from hashlib import sha256
    from lossgrad_service.kernels.matrices import registers
    from lossgrad_service.kernels.matrices.products import add_product, product
    print(registers.REGISTER_BYTES)
    for dtype in (np.float32, np.float64):
        rng = np.random.default_rng(0)
        a, b, c = (rng.normal(size=s).astype(dtype) for s in ((300, 270), (270, 101), (300, 101)))
        total = np.zeros((270, 101))
        add_product(total, a, c, 2)
        results = product(a, b, 2), product(c, b.T, 1), total
        for result, expected in zip(results, (a @ b, c @ b.T, a.T @ c)):
            np.testing.assert_allclose(result, expected, atol=1e-4)
        print(sha256(b"".join(each.tobytes() for each in results)).hexdigest())
"""
SSE = "+sse2,+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt"
AVX2 = SSE + ",+avx,+avx2,+fma,+bmi,+bmi2"
of_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="names an x86 processor")


def on_processor(name, features):
    compiled_for = {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features}
    return in_fresh_process(PRODUCTS, patience=3 * PATIENCE_SECONDS, **compiled_for).split()


@of_x86
@pytest.mark.parametrize("processor", [("haswell", AVX2), ("x86-64-v3", "")])
def test_the_width_of_registers_changes_no_bit(processor):
    """An image is compiled for a kind of processor, by its name alone."""
    assert on_processor(*processor) == ["32", *in_fresh_process(PRODUCTS).split()[1:]]


@of_x86
@pytest.mark.parametrize("processor", [("nehalem", SSE), ("x86-64-v2", "")])
def test_a_processor_without_fused_multiply_add(processor):
    assert on_processor(*processor)[0] == "32"
