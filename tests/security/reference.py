"""What a request means to stock protobuf, NumPy and the library in this process.

The service reads protobuf by code of its own; its answers must be those of the stock one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np
from google.protobuf.message import DecodeError

import lossgrad
from lossgrad.types import dtypes
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.security.forms import WORDS
from tests.security.rows import INVALID, TOO_LARGE

Bits = Mapping[str, bytes]


class Meaning(NamedTuple):
    """How a request ends, and the bits of its answer."""

    code: str
    bits: Bits


_INVALID = Meaning(INVALID.grpc, {})


class _Meaningless(ValueError):
    """A request has something that cannot be said in Python."""


def meaning_of(request: bytes, client: lossgrad.Client) -> Meaning:
    """Return how a ComputeRequest must end."""
    try:
        arguments = _arguments(pb.ComputeRequest.FromString(request))
        result = client.compute(**arguments)
    except (DecodeError, _Meaningless, lossgrad.InvalidArgument):
        return _INVALID
    except lossgrad.TooLarge:
        return Meaning(TOO_LARGE.grpc, {})
    arrays = {name: array.tobytes() for name, array in result.arrays.items()}
    return Meaning("OK", {"loss": _bits(result.loss), **arrays})


def bits_of(reply: bytes) -> Bits:
    """Return the bits of a ComputeResponse."""
    message = pb.ComputeResponse.FromString(reply)
    arrays = {f.name: v.data for f, v in message.ListFields() if isinstance(v, pb.Tensor)}
    return {"loss": _bits(message.loss), **arrays}


def bits_of_stream(replies: Iterable[bytes]) -> Bits:
    """Return the bits of ComputeStreamResponses."""
    bits: dict[str, bytes] = {}
    for reply in map(pb.ComputeStreamResponse.FromString, replies):
        for chunk in reply.chunks:
            name = _word(pb.Output, chunk.output)
            bits[name] = bits.get(name, b"") + chunk.data
        if reply.HasField("closing"):
            bits["loss"] = _bits(reply.closing.loss)
    return bits


def joined(stream: Iterable[bytes]) -> bytes:
    """Return the ComputeRequest that a stream states piece by piece."""
    request = pb.ComputeRequest()
    for message in map(pb.ComputeStreamRequest.FromString, stream):
        request.MergeFrom(message.open)
        for chunk in message.chunks:
            getattr(request, _word(pb.Input, chunk.input)).data += chunk.data
    return request.SerializeToString()


def _bits(loss: float) -> bytes:
    return np.float64(loss).tobytes()


def _arguments(message: pb.ComputeRequest) -> dict[str, Any]:
    return {field.name: _value(field.name, value) for field, value in message.ListFields()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, pb.Tensor):
        return _array(value)
    if name == "want":
        return [_word(pb.Output, number) for number in value]
    if name in WORDS:
        enum = pb.ComputeRequest.DESCRIPTOR.fields_by_name[name].enum_type.name
        return _word(getattr(pb, enum), value)
    return value


def _array(tensor: pb.Tensor) -> np.ndarray:
    dtype, shape = dtypes.to_numpy(_word(pb.Dtype, tensor.dtype)), list(tensor.shape)
    if len(shape) > 32 or min(shape, default=0) < 0:
        raise _Meaningless
    if prod(shape) * dtype.itemsize != len(tensor.data) or prod(filter(None, shape)) >= 2**59:
        raise _Meaningless
    return np.frombuffer(tensor.data, dtype).reshape(shape)


def _word(enum: Any, number: int) -> str:
    if number not in enum.values() or number == 0:
        raise _Meaningless
    prefix = enum.Name(0).removesuffix("UNSPECIFIED")
    return enum.Name(number).removeprefix(prefix).lower()
