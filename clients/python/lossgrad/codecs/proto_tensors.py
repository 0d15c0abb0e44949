"""Arrays as Tensor messages: joined into a message in one copy, read from it without any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
from google.protobuf.message import Message

from lossgrad.codecs import enums, stock, templates, tensors, wire
from lossgrad.codecs.stock import AnyMessage
from lossgrad.codecs.templates import Place
from lossgrad.codecs.tensors import BadTensor, Layout
from lossgrad.codecs.wire import LENGTH, VARINT, Unusual, tag
from lossgrad.errors import Violation
from lossgrad.types.arrays import MAX_AXES, Array
from lossgrad.types.quantities import INPUTS
from lossgrad.v1 import lossgrad_pb2 as pb


class Sent(NamedTuple):
    """A Tensor as it was sent: nothing of it has been looked at."""

    dtype: int
    shape: Sequence[int]
    data: bytes | memoryview


class _Field(NamedTuple):
    """A field of a message that is a Tensor: where it begins and ends."""

    begin: int
    end: int
    sent: Sent


def _tags(kind: type[Message]) -> dict[str, int]:
    """Return the tags of a message's fields that are Tensors, by name."""
    return {
        name: tag(field.number, LENGTH)
        for name, field in kind.DESCRIPTOR.fields_by_name.items()
        if field.message_type is pb.Tensor.DESCRIPTOR
    }


TAGS: Final[Mapping[type[Message], Mapping[str, int]]] = {
    kind: _tags(kind) for kind in (pb.ComputeRequest, pb.ComputeResponse, pb.OwnGradients)
}
"""Tags of the fields that are Tensors, by name."""

_NAMES: Final = {kind: {tag: name for name, tag in tags.items()} for kind, tags in TAGS.items()}

_FIELDS: Final = pb.Tensor.DESCRIPTOR.fields_by_name
_DTYPE: Final = tag(_FIELDS["dtype"].number, VARINT)
_SHAPE: Final = tag(_FIELDS["shape"].number, LENGTH)
_HOLDER: Final = wire.Holder(
    padding=tag(_FIELDS["padding"].number, LENGTH), data=tag(_FIELDS["data"].number, LENGTH)
)

_LONGEST_SHAPE: Final = 9 * MAX_AXES
"""Most bytes of a shape: nine hold any number ≥ 0 of an int64."""

_KEPT: Final = 1024
"""Dtypes and shapes whose bytes are kept, since a caller's next call has them again."""


def pieces(kind: type[Message], arrays: Mapping[str, Array]) -> list[Any]:
    """Return the bytes and arrays that a message that begins with `arrays` is joined of."""
    tags = TAGS[kind]
    joined: list[Any] = []
    position = 0
    for name, array in arrays.items():
        before = _before_data(tags[name], array.dtype, array.shape, position % wire.ALIGNMENT)
        joined += (before, tensors.in_wire_order(array))
        position += len(before) + array.nbytes
    return joined


@lru_cache(_KEPT)
def _before_data(field: int, dtype: np.dtype[Any], shape: tuple[int, ...], position: int) -> bytes:
    size = prod(shape) * dtype.itemsize
    return _HOLDER.before_data(field, declare(dtype, shape), size, position)


def declare(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return a Tensor without data."""
    number = enums.DTYPES.numbers[tensors.name_of(dtype)]
    extents = b"".join(map(wire.varint, shape))
    return wire.number_field(_DTYPE, number) + wire.bytes_field(_SHAPE, extents)


def split(kind: type[AnyMessage], data: bytes) -> tuple[dict[str, Sent], AnyMessage]:
    """Return the Tensors in a message, views of it, and a message that has all else.

    Stock code reads what follows the Tensors that a message begins with, and the whole
    where they are written in an unusual way, so that bytes mean what they mean to it.

    Raises
    ------
    DecodeError
        Where the bytes are no such message, or too many are beside the data of Tensors.
    """
    try:
        found, end = _take_tensors(data, _NAMES[kind])
    except Unusual:
        found, end = {}, 0
    message = stock.read(kind, data, end)
    late = of_message(message)
    if not late and [name for name in TAGS[kind] if name in found] == list(found):
        templates.keep(kind, data, _places(found, data))
    if found.keys().isdisjoint(late):
        return {name: field.sent for name, field in found.items()} | late, message
    message = stock.read(kind, data)
    return of_message(message), message


def _take_tensors(data: bytes, names: Mapping[int, str]) -> tuple[dict[str, _Field], int]:
    """Return the Tensors that a message begins with, and where they end."""
    found: dict[str, _Field] = {}
    for known, begin, content, end in wire.fields(data, 0, len(data)):
        if known not in names:
            return found, begin
        if names[known] in found:
            raise Unusual("a Tensor in two parts")
        found[names[known]] = _Field(begin, end, _sent(data, content, end))
    return found, len(data)


def _places(found: Mapping[str, _Field], data: bytes) -> list[Place]:
    """Return where the arrays lie; none where one is not possible."""
    places: list[Place] = []
    for name, field in found.items():
        try:
            layout = _layout(field.sent)
        except BadTensor:
            return []
        content = field.end - layout.size
        is_padded = content - field.begin > templates.LONGEST_BEFORE
        if len(field.sent.data) != layout.size or is_padded:
            return []
        places.append(Place(name, field.begin, data[field.begin : content], layout))
    return places


def of_message(message: Message) -> dict[str, Sent]:
    """Return the Tensors in a message that stock code has read."""
    fields = ((field.name, value) for field, value in message.ListFields())
    return {
        name: Sent(value.dtype, value.shape, value.data)
        for name, value in fields
        if name in TAGS[type(message)]
    }


def _sent(message: bytes, position: int, end: int) -> Sent:
    """Return a Tensor whose fields are in the order in which all write them."""
    dtype, position = wire.take_number(message, _DTYPE, position, end, most=0x7F)
    shape, after_shape = wire.take_content(message, _SHAPE, position, end)
    _, position = wire.take_content(message, _HOLDER.padding, after_shape, end)
    data, position = wire.take_content(message, _HOLDER.data, position, end)
    if position != end:
        raise Unusual("another order or other fields")
    if after_shape - shape > _LONGEST_SHAPE:
        raise Unusual("more than a shape takes")
    return Sent(dtype, _extents(message[shape:after_shape]), memoryview(message)[data:end])


@lru_cache(_KEPT)
def _extents(packed: bytes) -> tuple[int, ...]:
    return wire.read_numbers(packed)


def read(sent: Sent) -> Array:
    """Return a read-only array over the data of a Tensor, or raise `BadTensor`."""
    return _layout(sent).over(sent.data)


def read_declared(sent: Sent) -> Array:
    """Return a read-only array of a Tensor's dtype and shape that takes no memory, all zeros.

    Raises
    ------
    BadTensor
        Where there is no such array, or the Tensor has data.
    """
    if sent.data:
        advice = "must be left out where a stream is opened; send it in chunks"
        raise BadTensor("data", f"{advice}, got {len(sent.data)} bytes")
    layout = _layout(sent)
    return np.broadcast_to(np.zeros((), layout.dtype), layout.shape)


def read_inputs(
    sent: Mapping[str, Sent], read: Callable[[Sent], Array], violations: list[Violation]
) -> dict[str, object]:
    """Return the inputs that were sent, and add to `violations` why one is no array."""
    return read_all({name: sent[name] for name in INPUTS if name in sent}, read, violations)


def read_all(
    sent: Mapping[str, Sent],
    read: Callable[[Sent], Array],
    violations: list[Violation],
    within: str = "",
) -> dict[str, object]:
    """Return the arrays that were sent, as `read_inputs`; `within` begins the paths of fields."""
    arrays: dict[str, object] = {}
    for name, tensor in sent.items():
        try:
            arrays[name] = read(tensor)
        except BadTensor as error:
            violations.append(Violation(f"{within}{name}.{error.part}", error.detail))
    return arrays


def _layout(sent: Sent) -> Layout:
    name = enums.DTYPES.names.get(sent.dtype)
    if name is None:
        raise BadTensor("dtype", enums.DTYPES.refusal(sent.dtype))
    return Layout.of(name, sent.shape)
