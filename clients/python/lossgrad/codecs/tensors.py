"""Arrays as a dtype name, a shape and bytes, the form that both wire formats carry.

The bytes are the elements in C order, little-endian, without padding. Nothing is
allocated before the three parts agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from lossgrad.types import dtypes
from lossgrad.types.arrays import MAX_AXES, Array

_LARGEST = np.iinfo(np.intp).max


class BadTensor(ValueError):
    """Why a tensor cannot be read: the part that is wrong (may be empty) and what is wrong."""

    def __init__(self, part: str, detail: str) -> None:
        super().__init__(detail)
        self.part = part
        self.detail = detail


def pack(array: Array) -> tuple[str, tuple[int, ...], bytes]:
    """Return the dtype name, shape and bytes of an array of any strides and byte order.

    Raises
    ------
    BadTensor
        Where the dtype is not one of the contract.
    """
    name, little = _to_little_endian(array)
    return name, array.shape, little.tobytes()


def pack_view(array: Array) -> tuple[str, tuple[int, ...], memoryview]:
    """Like `pack`, with a view of the bytes of an array that has them in this form."""
    name, little = _to_little_endian(array)
    return name, array.shape, np.ascontiguousarray(little).reshape(-1).view(np.uint8).data


def _to_little_endian(array: Array) -> tuple[str, Array]:
    name = dtypes.to_name(array.dtype)
    if name is None:
        raise BadTensor("dtype", f"must be one of {', '.join(dtypes.NAMES)}, got {array.dtype}")
    return name, array.astype(array.dtype.newbyteorder("<"), copy=False)


def unpack(name: str, shape: Sequence[int], data: bytes) -> Array:
    """Return a read-only array over `data`.

    Raises
    ------
    BadTensor
        Where the dtype is unknown, the shape impossible, or `data` not of their size.
    """
    needed = size_in_bytes(name, shape)
    if len(data) != needed:
        detail = f"has {len(data)} bytes, but shape {_shown(shape)} of {name} needs {needed}"
        raise BadTensor("data", detail)
    return np.frombuffer(data, dtype_of(name).newbyteorder("<")).reshape(tuple(shape))


def size_in_bytes(name: str, shape: Sequence[int]) -> int:
    """Return the bytes that a tensor has, after checking its dtype and shape."""
    if len(shape) > MAX_AXES:
        raise BadTensor("shape", f"must have at most {MAX_AXES} axes, got {len(shape)}")
    for axis, extent in enumerate(shape):
        if extent < 0:
            raise BadTensor(f"shape[{axis}]", f"must be ≥ 0, got {extent}")
    itemsize = dtype_of(name).itemsize
    # NumPy refuses an empty array whose other extents alone are beyond memory.
    if prod(extent for extent in shape if extent) * itemsize > _LARGEST:
        raise BadTensor("shape", f"is beyond any memory: {_shown(shape)} of {name}")
    return prod(shape) * itemsize


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
