"""Memory of large results: used again when nobody holds it, and never before."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import ml_dtypes
import numpy as np
import pytest

from lossgrad import recycling
from lossgrad.allocator import DEFAULT, LARGEST_KEPT, VARIABLE
from lossgrad.recycling import Recycler
from lossgrad.types import Array

F4 = np.dtype(np.float32)


def _address(array: Array) -> int:
    return array.__array_interface__["data"][0]


@pytest.fixture
def recycler() -> Recycler:
    return Recycler(most=4096)


def test_an_array_is_like_any_other(recycler: Recycler) -> None:
    for dtype in (F4, np.dtype(np.float64), np.dtype(ml_dtypes.bfloat16)):
        array = recycler.empty((3, 5), dtype)
        array[...] = 1
        assert array.shape == (3, 5)
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert array.flags.aligned
        assert array.sum() == 15


def test_memory_that_nobody_holds_is_used_again(recycler: Recycler) -> None:
    array = recycler.empty((4, 8), F4)
    address = _address(array)
    del array
    assert _address(recycler.empty((2, 8), np.dtype(np.float64))) == address


@pytest.mark.parametrize("view", [lambda a: a, lambda a: a[1:2], memoryview])
def test_memory_with_a_view_is_left_alone(
    recycler: Recycler, view: Callable[[Array], object]
) -> None:
    array = recycler.empty((4, 8), F4)
    array[...] = 7
    kept = view(array)
    del array
    other = recycler.empty((4, 8), F4)
    other[...] = 0
    assert np.all(np.asarray(kept) == 7)


def test_memory_of_another_size_is_not_used(recycler: Recycler) -> None:
    recycler.empty((4, 8), F4)
    assert recycler.empty((4, 9), F4).nbytes == 144


def test_what_came_back_first_is_let_go_of_first() -> None:
    recycler = Recycler(most=256)
    first, second, third = (recycler.empty((n,), np.dtype(np.uint8)) for n in (100, 101, 102))
    addresses = [_address(array) for array in (first, second, third)]
    del first
    del second
    del third
    kept = recycler.empty((102,), np.dtype(np.uint8)), recycler.empty((101,), np.dtype(np.uint8))
    assert [_address(array) for array in kept] == addresses[:0:-1]


def test_more_than_the_most_is_never_kept() -> None:
    recycler = Recycler(most=100)
    recycler.empty((101,), np.dtype(np.uint8))
    assert not recycler._kept


def test_threads_never_share_memory(recycler: Recycler) -> None:
    def use(number: int) -> bool:
        array = recycler.empty((16, 16), F4)
        array[...] = number
        other = recycler.empty((16, 16), F4)
        other[...] = -number
        return bool(np.all(array == number) and np.all(other == -number))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(use, range(2000)))


def test_small_results_are_malloc_s_own() -> None:
    assert recycling.empty((LARGEST_KEPT // 4,), F4).base is None


def test_large_results_are_kept_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (LARGEST_KEPT // 4 + 1,)
    monkeypatch.delenv(VARIABLE, raising=False)
    assert recycling.empty(shape, F4).base is not None
    monkeypatch.setenv(VARIABLE, DEFAULT)
    assert recycling.empty(shape, F4).base is None
