"""Arrays as a dtype name, a shape and bytes, the form that both wire formats carry.

The bytes are the elements in C order, little-endian, without padding. Nothing is
allocated before the three parts agree.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from lossgrad.types import dtypes
from lossgrad.types.arrays import MAX_AXES, Array

_LARGEST = np.iinfo(np.intp).max

_AS_IT_TRAVELS = ("|", "=" if sys.byteorder == "little" else "<")
"""Byte orders of NumPy that are little-endian here, or none at all."""


class BadTensor(ValueError):
    """Why a tensor cannot be read: the part that is wrong (may be empty) and what is wrong."""

    def __init__(self, part: str, detail: str) -> None:
        super().__init__(detail)
        self.part = part
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Layout:
    """The dtype and shape of an array, and the bytes that it has; known to be possible."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    size: int

    @staticmethod
    def of(name: str, shape: Sequence[int]) -> Layout:
        """Return the layout of a dtype name and a shape.

        Raises
        ------
        BadTensor
            Where the dtype is unknown or the shape impossible.
        """
        _check_axes(shape)
        return _layout(name, tuple(shape))

    def over(self, data: bytes | memoryview) -> Array:
        """Return the read-only array over `data`, or over a copy where it lies askew in memory.

        Raises
        ------
        BadTensor
            Where `data` has not the size that the array takes.
        """
        if len(data) != self.size:
            needs = f"shape {_shown(self.shape)} of {self.name} needs {self.size}"
            raise BadTensor("data", f"has {len(data)} bytes, but {needs}")
        array: Array = np.ndarray(self.shape, self.dtype, data)
        return array if array.flags.aligned else np.ndarray(self.shape, self.dtype, bytes(data))


@lru_cache(1024)
def _layout(name: str, shape: tuple[int, ...]) -> Layout:
    return Layout(name, dtype_of(name).newbyteorder("<"), shape, size_in_bytes(name, shape))


def unpack(name: str, shape: Sequence[int], data: bytes | memoryview) -> Array:
    """Return a read-only array over `data`; see `Layout` for what may be wrong."""
    return Layout.of(name, shape).over(data)


def pack_view(array: Array) -> tuple[str, tuple[int, ...], memoryview]:
    """Return the dtype name, the shape and a view of the bytes of an array.

    The bytes are those of the array itself where it has them in this form.

    Raises
    ------
    BadTensor
        Where the dtype is not one of the contract.
    """
    data = in_wire_order(array).reshape(-1).view(np.uint8).data
    return name_of(array.dtype), array.shape, data


def in_wire_order(array: Array) -> Array:
    """Return an array as it travels: little-endian, in C order; itself where it is so."""
    if array.flags.c_contiguous and array.dtype.byteorder in _AS_IT_TRAVELS:
        return array
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<"))


def name_of(dtype: np.dtype[Any]) -> str:
    """Return the contract name of a NumPy dtype in either byte order, or raise `BadTensor`."""
    name = dtypes.to_name(dtype)
    if name is None:
        raise BadTensor("dtype", f"must be one of {', '.join(dtypes.NAMES)}, got {dtype}")
    return name


def size_in_bytes(name: str, shape: Sequence[int]) -> int:
    """Return the bytes that a tensor has, after checking its dtype and shape."""
    _check_axes(shape)
    for axis, extent in enumerate(shape):
        if extent < 0:
            raise BadTensor(f"shape[{axis}]", f"must be ≥ 0, got {extent}")
    itemsize = dtype_of(name).itemsize
    # NumPy refuses an empty array whose other extents alone are beyond memory.
    if prod(extent for extent in shape if extent) * itemsize > _LARGEST:
        raise BadTensor("shape", f"is beyond any memory: {_shown(shape)} of {name}")
    return prod(shape) * itemsize


def _check_axes(shape: Sequence[int]) -> None:
    if len(shape) > MAX_AXES:
        raise BadTensor("shape", f"must have at most {MAX_AXES} axes, got {len(shape)}")


def dtype_of(name: str) -> np.dtype[Any]:
    """Return the NumPy dtype of a contract name, or raise `BadTensor`."""
    if name not in dtypes.NAMES:
        raise BadTensor("dtype", f"must be one of {', '.join(dtypes.NAMES)}, got {name!r}")
    try:
        return dtypes.to_numpy(name)
    except ImportError as error:
        raise BadTensor("dtype", "bf16 needs the package ml-dtypes here") from error


def _shown(shape: Sequence[int]) -> str:
    return str(tuple(shape))
