"""The messages of ComputeStream: what opens and closes it, and the pieces of arrays between.

A message is joined of its pieces in one copy, or reserved and then written in place;
what is read are views of the message. A caller's malformed bytes are
`InvalidArgument`, a server's are `Internal`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Generic

from google.protobuf.message import DecodeError, Message

from lossgrad.codecs import enums, proto_parts, proto_tensors, shared_pieces, stock, wire
from lossgrad.codecs.stock import MAX_BESIDE, AnyMessage
from lossgrad.codecs.unwritten import unwritten
from lossgrad.codecs.wire import LENGTH, VARINT, Unusual, tag
from lossgrad.errors import Internal, InvalidArgument, Violation
from lossgrad.types.problem import Problem
from lossgrad.v1 import lossgrad_pb2 as pb


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an input or output."""

    name: str
    offset: int
    """Where `data` begins among the bytes of the array."""
    data: bytes | memoryview


_Fields = tuple[int, int, memoryview]
"""Number, offset and data of a chunk."""

Part = tuple[str, int, int]
"""A piece that is yet to be written: name, offset, and bytes of its data."""


@dataclass(frozen=True, slots=True)
class _Side(Generic[AnyMessage]):
    """One direction of the stream. Its fields have the same numbers as the other's."""

    message: type[Message]
    alone: type[AnyMessage]
    """What stands alone in the first message of a caller, and the last of a server."""
    name: str
    """The field that holds it."""
    chunk: type[pb.InputChunk] | type[pb.OutputChunk]
    words: enums.Words
    """What may be in chunks."""
    field: str
    """The field of a chunk that tells which it is."""
    elsewhere: int
    """The tag of what comes alone in its message, and is read by `shared_pieces`."""


_REQUESTS: Final = _Side(
    message=pb.ComputeStreamRequest,
    alone=pb.ComputeRequest,
    name="open",
    chunk=pb.InputChunk,
    words=enums.INPUTS,
    field="input",
    elsewhere=shared_pieces.SHARED,
)
_RESPONSES: Final = _Side(
    message=pb.ComputeStreamResponse,
    alone=pb.ComputeResponse,
    name="closing",
    chunk=pb.OutputChunk,
    words=enums.OUTPUTS,
    field="output",
    elsewhere=shared_pieces.DONE,
)

_INPUTS: Final = proto_tensors.TAGS[pb.ComputeRequest]

_ALONE: Final = tag(1, LENGTH)
_CHUNKS: Final = tag(2, LENGTH)

_NAME: Final = tag(1, VARINT)
_OFFSET: Final = tag(2, VARINT)
_HOLDER: Final = wire.Holder(padding=tag(3, LENGTH), data=tag(4, LENGTH))


class _Malformed(ValueError):
    """Why a message cannot be read: the path of what is wrong (may be empty), and what is."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(f"{path}: {detail}" if path else detail)
        self.path = path
        self.detail = detail


def encode_open(problem: Problem) -> bytes:
    """Return the message that opens a stream: options, and the inputs without their data."""
    declared = [
        wire.bytes_field(_INPUTS[name], proto_tensors.declare(array.dtype, array.shape))
        for name, array in problem.inputs.items()
    ]
    options = proto_parts.encode_options(problem.options)
    return wire.bytes_field(_ALONE, b"".join((*declared, options)))


def encode_input_chunks(chunks: Sequence[Chunk]) -> bytes:
    """Return the message with chunks of inputs."""
    return _encode_chunks(chunks, enums.INPUTS)


def encode_output_chunks(chunks: Sequence[Chunk]) -> bytes:
    """Return the message with chunks of outputs."""
    return _encode_chunks(chunks, enums.OUTPUTS)


def reserve_output_chunks(parts: Sequence[Part]) -> tuple[bytes, list[memoryview]]:
    """Return the message with chunks of outputs, and a view of the data of each to write to.

    All data has to be written before the message is sent; see `unwritten`.
    """
    prefixes = _before_each(parts, enums.OUTPUTS)
    sizes = [size for _, _, size in parts]
    message, content = unwritten(sum(map(len, prefixes)) + sum(sizes))
    views: list[memoryview] = []
    position = 0
    for prefix, size in zip(prefixes, sizes, strict=True):
        begin = position + len(prefix)
        content[position:begin] = prefix
        position = begin + size
        views.append(content[begin:position])
    return message, views


def encode_closing(scalars: Mapping[str, float]) -> bytes:
    """Return the message that closes a stream."""
    return wire.bytes_field(_ALONE, proto_parts.encode_scalars(scalars))


def is_opening(message: bytes) -> bool:
    """Return whether a ComputeStreamRequest has an `open`, which is not looked into."""
    try:
        return any(known == _ALONE for known, *_ in wire.fields(message, 0, len(message)))
    except Unusual:
        return False


def decode_stream_request(message: bytes) -> Problem | tuple[Chunk, ...]:
    """Return the problem that opens a stream, or chunks of its inputs.

    The problem is `Problem.declared`: its arrays have the dtype and shape of what is
    to follow and take no memory. The data of chunks are views of the message.

    Raises
    ------
    InvalidArgument
        Where the bytes are not a ComputeStreamRequest with one of the two, or the
        problem is not consistent or has data.
    """
    try:
        found = _read(message, _REQUESTS)
    except _Malformed as error:
        raise InvalidArgument.at(error.path, error.detail) from None
    return found if isinstance(found, tuple) else _read_open(found)


def decode_stream_response(message: bytes) -> dict[str, float | int] | tuple[Chunk, ...]:
    """Return the scalars that close a stream, or chunks of its outputs, views of the message.

    Raises
    ------
    Internal
        Where the bytes are not a ComputeStreamResponse with one of the two.
    """
    try:
        found = _read(message, _RESPONSES)
    except _Malformed as error:
        raise Internal(f"the server's answer cannot be read: {error}") from error
    return found if isinstance(found, tuple) else _read_closing(found)


def _encode_chunks(chunks: Sequence[Chunk], words: enums.Words) -> bytes:
    parts = [(chunk.name, chunk.offset, memoryview(chunk.data).nbytes) for chunk in chunks]
    prefixes = _before_each(parts, words)
    pieces = zip(prefixes, (chunk.data for chunk in chunks), strict=True)
    return b"".join(chain.from_iterable(pieces))


def _before_each(parts: Sequence[Part], words: enums.Words) -> list[bytes]:
    """Return what precedes the data of each chunk in a message."""
    prefixes: list[bytes] = []
    position = 0
    for name, offset, size in parts:
        head = wire.number_field(_NAME, words.numbers[name]) + wire.number_field(_OFFSET, offset)
        prefixes.append(_HOLDER.before_data(_CHUNKS, head, size, position))
        position += len(prefixes[-1]) + size
    return prefixes


def _read(message: bytes, side: _Side[AnyMessage]) -> AnyMessage | tuple[Chunk, ...]:
    """Return what opens or closes a stream, or chunks."""
    try:
        alone, chunks = _split(message, side)
        if bool(alone) == bool(chunks):
            raise _Malformed("", f"a message must have either {side.name} or chunks")
        if alone:
            return side.alone.FromString(b"".join(alone))
        read = _read_chunks(message, chunks, side)
    except (DecodeError, Unusual) as error:
        name = side.message.DESCRIPTOR.full_name
        detail = f"the {len(message)} bytes are not a {name}{stock.reason(error)}"
        raise _Malformed("", detail) from None
    return tuple(_chunk(side, index, *fields) for index, fields in enumerate(read))


def _split(message: bytes, side: _Side[Any]) -> tuple[list[bytes], list[slice]]:
    """Return each `open` or `closing`, whose meaning is that of all joined, and the chunks' places.

    Stock code does not read a whole message of chunks: it would copy their data, and
    take far more memory than the message where they are many and small.
    """
    alone: list[slice] = []
    chunks: list[slice] = []
    unknown: list[slice] = []
    for known, begin, content, end in wire.fields(message, 0, len(message)):
        if known == _ALONE:
            alone.append(slice(content, end))
        elif known == _CHUNKS:
            chunks.append(slice(content, end))
        elif known == side.elsewhere:
            raise _Malformed("", "shared memory and chunks go into messages of their own")
        else:
            unknown.append(slice(begin, end))
    _check_size(sum(place.stop - place.start for place in chain(alone, unknown)))
    side.message.FromString(b"".join(message[place] for place in unknown))
    return [message[place] for place in alone], chunks


def _check_size(size: int) -> None:
    """Check the bytes of a message that are not chunks."""
    if size > MAX_BESIDE:
        raise _Malformed("", f"has {size} bytes beside chunks, more than {MAX_BESIDE}")


def _read_chunks(message: bytes, places: Sequence[slice], side: _Side[Any]) -> list[_Fields]:
    try:
        return [_read_fields(message, place.start, place.stop) for place in places]
    except Unusual:
        stock.check(side.message, message)
        return [_read_any_fields(message[place], side) for place in places]


def _chunk(side: _Side[Any], index: int, number: int, offset: int, data: memoryview) -> Chunk:
    name = side.words.names.get(number)
    if name is None:
        raise _Malformed(f"chunks[{index}].{side.field}", side.words.refusal(number))
    return Chunk(name, offset, data)


def _read_any_fields(chunk: bytes, side: _Side[Any]) -> _Fields:
    """Return number, offset and data of a chunk in any order, as copies."""
    found = side.chunk.FromString(chunk)
    return getattr(found, side.field), found.offset, memoryview(found.data)


def _read_fields(message: bytes, begin: int, end: int) -> _Fields:
    """Return number, offset and data of a chunk whose fields are in our order."""
    number, position = wire.take_number(message, _NAME, begin, end, most=0x7F)
    offset, position = wire.take_number(message, _OFFSET, position, end, most=wire.LARGEST)
    _, position = wire.take_content(message, _HOLDER.padding, position, end)
    data, position = wire.take_content(message, _HOLDER.data, position, end)
    if position != end:
        raise Unusual("another order or other fields")
    return number, offset, memoryview(message)[data:end]


def _read_open(message: pb.ComputeRequest) -> Problem:
    violations: list[Violation] = []
    sent = proto_tensors.of_message(message)
    arrays = proto_tensors.read_inputs(sent, proto_tensors.read_declared, violations)
    options = proto_parts.read_options(message, violations)
    return Problem.declared(arrays | options, violations)


def _read_closing(message: pb.ComputeResponse) -> dict[str, float | int]:
    if proto_tensors.of_message(message):
        raise Internal("the server's answer cannot be read: arrays close the stream")
    return proto_parts.read_scalars(message)
