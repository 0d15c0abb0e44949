"""Arrays as JSON objects that hold their bytes in base64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from lossgrad.codecs import base64_text, tensors
from lossgrad.codecs.json_arrays import shown
from lossgrad.codecs.tensors import BadTensor
from lossgrad.types.arrays import Array

_KEYS = ("shape", "dtype", "encoding", "data")


def to_object(array: Array) -> dict[str, Any]:
    """Return ``{"shape", "dtype", "encoding": "base64", "data"}``, in this order, for an array."""
    name, shape, data = tensors.pack_view(array)
    text = base64_text.encode(data)
    return {"shape": list(shape), "dtype": name, "encoding": "base64", "data": text}


def from_object(value: Mapping[str, object]) -> Array:
    """Return the read-only array of an object that `to_object` describes.

    Raises
    ------
    BadTensor
        Naming the key that is missing, unknown or wrong.
    """
    _check_keys(value)
    shape = _read_shape(value["shape"])
    name = value["dtype"]
    if not isinstance(name, str):
        raise BadTensor(".dtype", f"must be the name of a dtype, got {shown(name)}")
    try:
        needed = tensors.size_in_bytes(name, shape)
        return tensors.unpack(name, shape, _read_data(value["data"], needed))
    except BadTensor as error:
        raise BadTensor(f".{error.part}", error.detail) from None


def _check_keys(value: Mapping[str, object]) -> None:
    for key in value:
        if key not in _KEYS:
            raise BadTensor(f".{key}", f"is not one of {', '.join(_KEYS)}")
    for key in _KEYS:
        if value.get(key) is None:
            raise BadTensor(f".{key}", "missing; an array that is an object needs it")
    if value["encoding"] != "base64":
        raise BadTensor(".encoding", f"must be 'base64', got {shown(value['encoding'])}")


def _read_shape(value: object) -> list[int]:
    if not isinstance(value, list):
        raise BadTensor(".shape", f"must be a list of integers, got {shown(value)}")
    extents = cast(list[object], value)
    for axis, extent in enumerate(extents):
        if type(extent) is not int:
            raise BadTensor(f".shape[{axis}]", f"must be an integer, got {shown(extent)}")
    return cast(list[int], extents)


def _read_data(value: object, needed: int) -> bytes:
    if not isinstance(value, str):
        raise BadTensor("data", f"must be base64 text, got {shown(value)}")
    characters = 4 * -(-needed // 3)
    if len(value) != characters:
        text = f"has {len(value)} characters of base64, but dtype and shape need {characters}"
        raise BadTensor("data", f"{text} ({needed} bytes)")
    try:
        return base64_text.decode(value)
    except ValueError:
        text = "has characters or padding that base64 does not; send no line breaks"
        raise BadTensor("data", text) from None
