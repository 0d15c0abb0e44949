"""Arrays to bytes and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad.codecs import tensors
from lossgrad.codecs.base64_arrays import from_object, to_object
from lossgrad.codecs.tensors import BadTensor
from tests.client.drawing import arrays, same_bits


@given(arrays())
def test_round_trip(array):
    name, shape, data = tensors.pack_view(array)
    back = tensors.unpack(name, shape, bytes(data))
    assert same_bits(back, array)
    assert not back.flags.writeable


@given(arrays(), st.integers(0, 9))
def test_data_may_lie_anywhere(array, offset):
    name, shape, data = tensors.pack_view(array)
    back = tensors.unpack(name, shape, memoryview(bytes(offset) + bytes(data))[offset:])
    assert same_bits(back, array)
    assert back.flags.aligned
    assert not back.flags.writeable


@given(arrays())
def test_round_trip_in_base64(array):
    assert same_bits(from_object(to_object(array)), array)


def test_bytes_are_little_endian_in_c_order():
    array = np.array([[1, 3], [2, 4]], dtype=">i2").T
    assert tensors.pack_view(array) == ("i16", (2, 2), b"\1\0\2\0\3\0\4\0")


def test_an_array_that_is_in_order_is_not_copied():
    array = np.arange(6.0).reshape(2, 3)
    assert np.shares_memory(tensors.in_wire_order(array), array)


def test_foreign_dtype_is_not_packed():
    with pytest.raises(BadTensor, match="got complex128"):
        tensors.pack_view(np.zeros(2, complex))


HUGE = 2**40


@pytest.mark.parametrize(
    ("name", "shape", "data", "part", "detail"),
    [
        ("f32", (2, 2), bytes(12), "data", "has 12 bytes, but shape (2, 2) of f32 needs 16"),
        ("f32", (), b"", "data", "has 0 bytes, but shape () of f32 needs 4"),
        ("i8", (0, 3), b"\0", "data", "has 1 bytes, but shape (0, 3) of i8 needs 0"),
        ("f64", (2**61,), b"", "shape", f"is beyond any memory: ({2**61},) of f64"),
        ("f64", (2**32, 2**32), b"", "shape", f"is beyond any memory: ({2**32}, {2**32}) of f64"),
        ("f64", (0, HUGE, HUGE), b"", "shape", f"is beyond any memory: (0, {HUGE}, {HUGE}) of f64"),
        ("f64", (3, -1), b"", "shape[1]", "must be ≥ 0, got -1"),
        ("f64", (1,) * 33, bytes(8), "shape", "must have at most 32 axes, got 33"),
    ],
)
def test_malformed(name, shape, data, part, detail):
    with pytest.raises(BadTensor) as caught:
        tensors.unpack(name, shape, data)
    assert (caught.value.part, caught.value.detail) == (part, detail)


def test_unknown_dtype():
    with pytest.raises(BadTensor, match=r"must be one of f16, bf16, .* got 'object'"):
        tensors.unpack("object", (1,), bytes(8))


def test_bf16_without_ml_dtypes(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ml_dtypes", None)
    with pytest.raises(BadTensor, match="bf16 needs the package ml-dtypes"):
        tensors.dtype_of("bf16")
