"""Nested lists as arrays: wide and narrow rows are read by different means, with one result."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad.codecs.json_arrays import NONFINITE, floats_from_lists, integers_from_lists
from lossgrad.codecs.tensors import BadTensor

NUMBERS = st.one_of(st.floats(), st.integers(-(2**70), 2**70), st.sampled_from(list(NONFINITE)))
ODD = st.sampled_from([True, None, "1", "nan", [], {}, [1.0], 10**400])
ENTRIES = st.lists(NUMBERS, min_size=1, max_size=40)
INTEGERS = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40)


def read(from_lists, value):
    """Return the array, or why there is none."""
    try:
        return from_lists(value)
    except BadTensor as error:
        return error


def value_of(entry):
    return NONFINITE[entry] if isinstance(entry, str) else float(entry)


@given(ENTRIES)
def test_entries_are_read_as_python_reads_them(entries):
    expected = np.array([value_of(entry) for entry in entries])
    wide, narrow = [entries], [[entry] for entry in entries]
    assert floats_from_lists(wide).tobytes() == expected.tobytes()
    assert floats_from_lists(narrow).tobytes() == expected.tobytes()


@given(INTEGERS)
def test_integers_are_read_exactly(entries):
    for value in (entries, [entries], [[entry] for entry in entries]):
        array = integers_from_lists(value)
        assert array.dtype.num == np.dtype(np.int64).num
        assert array.ravel().tolist() == entries


@pytest.mark.parametrize("from_lists", [floats_from_lists, integers_from_lists])
@given(st.lists(NUMBERS | ODD, min_size=1, max_size=40))
def test_wide_and_narrow_rows_are_refused_alike(from_lists, entries):
    wide = read(from_lists, [entries])
    narrow = read(from_lists, [[entry] for entry in entries])
    if not isinstance(wide, BadTensor):
        assert np.array_equal(wide.ravel(), narrow.ravel(), equal_nan=wide.dtype.kind == "f")
    elif not isinstance(entries[0], list):  # which makes all entries lists
        zero, index = wide.part.removeprefix("[").removesuffix("]").split("][")
        assert zero == "0"
        assert (f"[{index}][0]", wide.detail) == (narrow.part, narrow.detail)


@pytest.mark.parametrize("width", [1, 15, 16, 17, 1000])
@pytest.mark.parametrize("odd", [True, "1", None, 10**400])
def test_last_entry_is_looked_at(width, odd):
    rows = [[0.5] * width for _ in range(3)]
    rows[2][-1] = odd
    with pytest.raises(BadTensor) as caught:
        floats_from_lists(rows)
    assert caught.value.part == f"[2][{width - 1}]"


@pytest.mark.parametrize(
    ("value", "shape"),
    [(1, ()), ([], (0,)), ([[], []], (2, 0)), ([[[1.0] * 20] * 2] * 3, (3, 2, 20))],
)
def test_shapes(value, shape):
    array = floats_from_lists(value)
    assert array.shape == shape
    assert array.flags.writeable


def test_a_negative_zero_keeps_its_sign():
    assert math.copysign(1, floats_from_lists([[-0.0] * 20])[0, 19]) == -1
