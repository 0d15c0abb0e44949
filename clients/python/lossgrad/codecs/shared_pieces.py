"""The messages of ComputeStream whose pieces of arrays lie in shared memory.

They are small: stock code writes and reads them. A caller's malformed bytes are
`InvalidArgument`, a server's are `Internal`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from google.protobuf.message import DecodeError

from lossgrad.codecs import enums, proto_parts
from lossgrad.codecs.stock import MAX_BESIDE
from lossgrad.codecs.wire import LENGTH, VARINT, tag
from lossgrad.errors import InvalidArgument
from lossgrad.types.quantities import INPUTS, OUTPUTS
from lossgrad.v1 import lossgrad_pb2 as pb

SHARED: Final = tag(pb.ComputeStreamRequest.DESCRIPTOR.fields_by_name["shared"].number, LENGTH)
DONE: Final = tag(pb.ComputeStreamResponse.DESCRIPTOR.fields_by_name["done"].number, VARINT)
"""The fields that only messages read here have."""


class SharedPiece(NamedTuple):
    """A piece of an input or output, and where it lies."""

    name: str
    offset: int
    """Where it begins among the bytes of the array."""
    handle: bytes
    position: int
    """Where it begins in the memory with that handle."""
    size: int


class SharedPieces(NamedTuple):
    """What one message names."""

    parameters: tuple[SharedPiece, ...]
    """Of inputs that are whole before the first rows."""
    rows: tuple[SharedPiece, ...]
    places: tuple[SharedPiece, ...]
    """Of outputs with rows: where the answer to these rows goes."""
    sums: tuple[SharedPiece, ...]
    """Of outputs without."""


def encode_pieces(inputs: Iterable[SharedPiece], outputs: Iterable[SharedPiece]) -> bytes:
    """Return the message that names pieces of inputs, and places for pieces of outputs."""
    message = pb.ComputeStreamRequest(
        shared=pb.SharedPieces(
            inputs=[
                pb.SharedInput(
                    input=_number(enums.INPUTS, piece), offset=piece.offset, bytes=_bytes_of(piece)
                )
                for piece in inputs
            ],
            outputs=[
                pb.SharedOutput(
                    output=_number(enums.OUTPUTS, piece),
                    offset=piece.offset,
                    bytes=_bytes_of(piece),
                )
                for piece in outputs
            ],
        )
    )
    return message.SerializeToString()


def are_in(message: bytes) -> bool:
    """Return whether a message names pieces, by its first field."""
    return message[:1] == bytes((SHARED,))


def decode_pieces(message: bytes) -> SharedPieces:
    """Return the pieces that a message names.

    Raises
    ------
    InvalidArgument
        Where it is malformed, has something else beside, or names what there is not.
    """
    if len(message) > MAX_BESIDE:
        text = f"a message that names shared memory has {MAX_BESIDE} bytes at most"
        raise InvalidArgument.at("shared", f"{text}, got {len(message)}")
    try:
        found = pb.ComputeStreamRequest.FromString(message)
    except DecodeError as error:
        raise proto_parts.no_request(pb.ComputeStreamRequest, message, error) from None
    if found.HasField("open") or found.chunks:
        raise InvalidArgument.at("", "a message must have one of open, chunks and shared")
    shared = found.shared
    if not (shared.inputs or shared.outputs):
        raise InvalidArgument.at("shared", "names nothing; tell where inputs or outputs lie")
    inputs = tuple(_read(shared.inputs, "input", enums.INPUTS))
    outputs = tuple(_read(shared.outputs, "output", enums.OUTPUTS))
    return SharedPieces(
        parameters=tuple(piece for piece in inputs if not INPUTS[piece.name].has_vectors),
        rows=tuple(piece for piece in inputs if INPUTS[piece.name].has_vectors),
        places=tuple(piece for piece in outputs if OUTPUTS[piece.name].has_rows),
        sums=tuple(piece for piece in outputs if not OUTPUTS[piece.name].has_rows),
    )


def encode_done(count: int) -> bytes:
    """Return the message that tells how many messages the server is done with."""
    return pb.ComputeStreamResponse(done=count).SerializeToString()


def decode_done(message: bytes) -> int | None:
    """Return how many messages the server is done with; None where it says something else."""
    if message[:1] != bytes((DONE,)):
        return None
    try:
        return pb.ComputeStreamResponse.FromString(message).done
    except DecodeError as error:
        raise proto_parts.no_reply(pb.ComputeStreamResponse, message, error) from error


def _number(words: enums.Words, piece: SharedPiece) -> Any:
    return words.numbers[piece.name]


def _bytes_of(piece: SharedPiece) -> pb.SharedBytes:
    return pb.SharedBytes(handle=piece.handle, offset=piece.position, size=piece.size)


def _read(pieces: Sequence[Any], field: str, words: enums.Words) -> Iterable[SharedPiece]:
    for index, piece in enumerate(pieces):
        number, place = getattr(piece, field), piece.bytes
        name = words.names.get(number)
        if name is None:
            path = f"shared.{field}s[{index}].{field}"
            raise InvalidArgument.at(path, words.refusal(number))
        yield SharedPiece(name, piece.offset, place.handle, place.offset, place.size)
