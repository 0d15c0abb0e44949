"""What a message of ``ComputeStream`` names in shared memory, held against what is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lossgrad.codecs.chunks import Chunk
from lossgrad.codecs.shared_pieces import SharedPiece
from lossgrad.codecs.tensors import in_wire_order
from lossgrad.errors import InvalidArgument
from lossgrad.types import Array
from lossgrad_service.grpc_api.row_outputs import RowOutput
from lossgrad_service.shared_memory import Memory


def chunks_in(memory: Memory, pieces: Sequence[SharedPiece]) -> list[Chunk]:
    """Return pieces of inputs as if they had been sent.

    Their bytes may change at any time, as the caller likes.

    Raises
    ------
    InvalidArgument, Unavailable
        As `Memory.readable`.
    """
    return [Chunk(piece.name, piece.offset, memory.readable(piece).data) for piece in pieces]


def places_in(
    memory: Memory,
    pieces: Sequence[SharedPiece],
    outputs: Sequence[RowOutput],
    n_computed: int,
) -> tuple[int, dict[str, Array]]:
    """Return how many rows there are places for, and where those of each output go, (n, …).

    Parameters
    ----------
    memory
        What the caller shares.
    pieces
        The places.
    outputs
        What is wanted that has rows.
    n_computed
        Rows that were computed before.

    Raises
    ------
    InvalidArgument
        Where an output has no place, two, or one that is not for the next rows.
    Unavailable
        As `Memory.writable`.
    """
    by_name = _by_name(pieces)
    rows = {
        output.name: _rows_at(memory, by_name.pop(output.name, None), output, n_computed)
        for output in outputs
    }
    for piece in by_name.values():
        raise InvalidArgument.at(piece.name, "has a place for rows, but is not such an output")
    counts = {name: len(array) for name, array in rows.items()}
    if len(set(counts.values())) != 1:
        raise InvalidArgument.at("shared", f"has places for unequal numbers of rows: {counts}")
    return next(iter(counts.values())), rows


def write_sums(
    sums: Mapping[str, Any], pieces: Sequence[SharedPiece], memory: Memory
) -> frozenset[str]:
    """Write sums over the rows where the caller wants them, each whole; return which.

    Raises
    ------
    InvalidArgument
        Where there are two places of one sum, or one is of another size.
    Unavailable
        As `Memory.writable`.
    """
    by_name = _by_name(pieces)
    for piece in by_name.values():
        _write_sum(sums, piece, memory)
    return frozenset(by_name)


def _by_name(pieces: Sequence[SharedPiece]) -> dict[str, SharedPiece]:
    found = {piece.name: piece for piece in pieces}
    if len(found) < len(pieces):
        raise InvalidArgument.at("shared", "has two places of one output; tell one")
    return found


def _rows_at(
    memory: Memory, piece: SharedPiece | None, output: RowOutput, n_computed: int
) -> Array:
    if piece is None:
        text = "has no place in a message that tells where others go; tell all of them"
        raise InvalidArgument.at(output.name, text)
    expected = n_computed * output.row_bytes
    if piece.offset != expected or not output.row_bytes or piece.size % output.row_bytes:
        text = f"has a place of {piece.size} bytes for those from {piece.offset} on; it must be for"
        rows = f"whole rows of {output.row_bytes} bytes from {expected} on"
        raise InvalidArgument.at(output.name, f"{text} {rows}")
    if piece.position % output.dtype.itemsize:
        text = f"is to be written at byte {piece.position}, no multiple of {output.dtype.itemsize}"
        raise InvalidArgument.at(output.name, text)
    return memory.writable(piece).view(output.dtype).reshape(-1, *output.row_shape)


def _write_sum(sums: Mapping[str, Any], piece: SharedPiece, memory: Memory) -> None:
    array = in_wire_order(sums[piece.name])
    if piece.offset or piece.size != array.nbytes:
        text = f"has a place of {piece.size} bytes from {piece.offset} on, but has {array.nbytes}"
        raise InvalidArgument.at(piece.name, f"{text}; tell where all of it goes")
    memory.writable(piece)[...] = array.reshape(-1).view(np.uint8)
