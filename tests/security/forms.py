"""One call in the form of each endpoint: stock protobuf, the stream's messages, JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from lossgrad.types import dtypes
from lossgrad.v1 import lossgrad_pb2 as pb

Arguments = Mapping[str, Any]

WORDS = {
    "loss": "LOSS",
    "reduction": "REDUCTION",
    "reg_convention": "REG_CONVENTION",
    "nonfinite": "NONFINITE_POLICY",
    "empty_mean": "EMPTY_MEAN",
    "gradient_dtype": "DTYPE",
}
"""Options that protobuf has an enum for, and how the names of its values begin."""

ROWS = ("scores", "targets", "h1", "x")
"""Inputs that a stream carries row by row."""


class Tensor(NamedTuple):
    """An array as it travels, consistent or not."""

    dtype: Any
    """A name of the contract; whatever is to be sent in its place."""
    shape: Any
    data: bytes | str
    """A text is sent as it is where base64 is expected."""


def as_tensor(value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value
    array = np.asarray(value)
    return Tensor(dtypes.to_name(array.dtype), list(array.shape), array.tobytes())


def is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | Tensor)


def unary(arguments: Arguments) -> bytes:
    """Return the ComputeRequest."""
    return _request(arguments, with_data=True).SerializeToString()


def stream(arguments: Arguments) -> list[bytes]:
    """Return the ComputeStreamRequests: all parameters in one, all rows in another."""
    opening = pb.ComputeStreamRequest(open=_request(arguments, with_data=False))
    arrays = {name: as_tensor(v) for name, v in arguments.items() if is_array(v)}
    parameters = {name: tensor for name, tensor in arrays.items() if name not in ROWS}
    rows = {name: tensor for name, tensor in arrays.items() if name in ROWS}
    messages = [opening, *(_chunks(part) for part in (parameters, rows) if part)]
    return [message.SerializeToString() for message in messages]


def lists(arguments: Arguments) -> bytes:
    """Return the JSON text with nested lists."""
    return json.dumps({name: _jsonable(value) for name, value in arguments.items()}).encode()


def in_base64(arguments: Arguments) -> bytes:
    """Return the JSON text with arrays in base64, for an answer in base64."""
    document = {n: _object(v) if is_array(v) else _jsonable(v) for n, v in arguments.items()}
    return json.dumps({**document, "encoding": "base64"}).encode()


def _request(arguments: Arguments, *, with_data: bool) -> pb.ComputeRequest:
    message = pb.ComputeRequest()
    for name, value in arguments.items():
        if is_array(value):
            _fill(getattr(message, name), as_tensor(value), with_data=with_data)
        elif name == "want":
            message.want.extend([_number(pb.Output, "OUTPUT", each) for each in value])
        elif name in WORDS:
            enum = message.DESCRIPTOR.fields_by_name[name].enum_type.name
            setattr(message, name, _number(getattr(pb, enum), WORDS[name], value))
        else:
            setattr(message, name, value)
    return message


def _fill(message: pb.Tensor, tensor: Tensor, *, with_data: bool) -> None:
    message.SetInParent()
    message.dtype = _number(pb.Dtype, "DTYPE", tensor.dtype)
    message.shape.extend(tensor.shape)
    if with_data:
        message.data = tensor.data


def tensor(value: Any) -> pb.Tensor:
    """Return the message of an array."""
    message = pb.Tensor()
    _fill(message, as_tensor(value), with_data=True)
    return message


def _chunks(tensors: Mapping[str, Tensor]) -> pb.ComputeStreamRequest:
    chunks = [
        pb.InputChunk(input=_number(pb.Input, "INPUT", name), data=tensor.data)
        for name, tensor in tensors.items()
        if tensor.data
    ]
    return pb.ComputeStreamRequest(chunks=chunks)


def _number(enum: Any, prefix: str, word: str | int) -> int:
    return word if isinstance(word, int) else enum.Value(f"{prefix}_{word.upper()}")


def _object(value: Any) -> dict[str, Any]:
    dtype, shape, data = as_tensor(value)
    text = data if isinstance(data, str) else base64.b64encode(data).decode()
    return {"shape": shape, "dtype": dtype, "encoding": "base64", "data": text}


def _jsonable(value: Any) -> Any:
    """Return a value as JSON has it: nested lists, and words for numbers that it lacks."""
    if isinstance(value, np.ndarray):
        wide = value.astype(float) if value.dtype.kind not in "iub" else value
        return _jsonable(wide.tolist())
    if isinstance(value, list):
        return [_jsonable(each) for each in value]
    if isinstance(value, float) and not np.isfinite(value):
        return {np.inf: "Infinity", -np.inf: "-Infinity"}.get(value, "NaN")
    return value
