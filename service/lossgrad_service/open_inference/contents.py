"""The numbers of a tensor that travel in a field of their type, instead of raw."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lossgrad.codecs.tensors import BadTensor
from lossgrad.types import Array
from lossgrad_service.open_inference.messages import InferTensorContents
from lossgrad_service.open_inference.splitting import Contents

_FIELDS: Final = {
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
}
"""By datatype; none for those that travel raw only."""

_NAMES: Final[dict[int, str]] = {
    field.number: field.name for field in InferTensorContents.DESCRIPTOR.fields
}

_AS_THEY_ARE: Final = frozenset({"FP32", "FP64"})
"""Datatypes whose packed numbers are the bytes of the tensor."""

_MOST_BYTES: Final = 10
"""Of a number, seven bits in each."""


def read_contents(datatype: str, contents: Contents) -> bytes | memoryview | Array:
    """Return the bytes or the numbers of a tensor; whether they fit its shape is not looked at.

    Raises
    ------
    BadTensor
        Where they are in the field of another datatype, or malformed.
    """
    if not contents:
        return b""
    field = _FIELDS.get(datatype)
    found = [_NAMES.get(number, f"field {number}") for number in contents]
    if found != [field]:
        told = f"travels in {field}" if field else "travels in raw_input_contents only"
        raise BadTensor("contents", f"{datatype[:60]} {told}, got {', '.join(found[:8])}")
    [pieces] = contents.values()
    data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    return data if datatype in _AS_THEY_ARE else _integers(datatype, data)


def _integers(datatype: str, data: bytes | memoryview) -> Array:
    numbers = read_varints(data)
    # A negative number is that of 64 bits, whatever its field.
    return numbers if datatype.startswith("U") else numbers.astype(np.uint64).view(np.int64)


def read_varints(data: bytes | memoryview) -> np.ndarray[tuple[int], np.dtype[Any]]:
    """Return the numbers ≥ 0 that follow each other, seven bits in a byte, the lowest first.

    Raises
    ------
    BadTensor
        Where one does not end.
    """
    octets = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(octets < 0x80)
    if len(ends) == len(octets):
        return octets
    starts = np.concatenate(([0], ends[:-1] + 1))
    sizes = ends - starts + 1
    if octets[-1] >= 0x80 or sizes.max() > _MOST_BYTES:
        raise BadTensor("contents", "a number does not end")
    return _joined(octets, starts, sizes)


def _joined(octets: Array, starts: Array, sizes: Array) -> np.ndarray[tuple[int], np.dtype[Any]]:
    """Return the number in the bytes from each start, so many of them."""
    numbers = np.zeros(len(starts), np.uint64)
    for place in range(int(sizes.max())):
        has = sizes > place
        bits = (octets[starts[has] + place] & 0x7F).astype(np.uint64)
        numbers[has] |= bits << np.uint64(7 * place)
    return numbers
