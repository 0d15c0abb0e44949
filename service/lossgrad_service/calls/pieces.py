"""Pieces of arrays, as a stream brings them, held against what was declared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lossgrad.errors import InvalidArgument
from lossgrad.types import Array, Problem, dtypes


class Piece(Protocol):
    """The next bytes of an input."""

    @property
    def name(self) -> str:
        """The input."""
        ...

    @property
    def offset(self) -> int:
        """Where the bytes begin among all bytes of the input."""
        ...

    @property
    def data(self) -> bytes | memoryview:
        """The bytes: elements in C order, little-endian."""
        ...


def check_names(pieces: Sequence[Piece], declared: Problem) -> None:
    """Hold the inputs that the pieces of one message belong to against the declared ones.

    Raises
    ------
    InvalidArgument
        Where one was not declared, or has two pieces in the message.
    """
    seen: set[str] = set()
    for piece in pieces:
        if piece.name not in declared.inputs:
            raise InvalidArgument.at(piece.name, "was not declared by the stream's first message")
        if piece.name in seen:
            raise InvalidArgument.at(piece.name, "has two chunks in one message; send one")
        seen.add(piece.name)


def check_order(piece: Piece, declared: Array, arrived: int, unit: int) -> None:
    """Hold a piece against what was declared of its input and what has arrived of it.

    Parameters
    ----------
    piece
        The piece.
    declared
        The input, of which shape and dtype are looked at.
    arrived
        Bytes that came before.
    unit
        Bytes that are not to be parted: an element's or a row's.

    Raises
    ------
    InvalidArgument
        Where the piece is not the next one, is empty, parts a unit, or is too long.
    """
    size, stop = len(piece.data), piece.offset + len(piece.data)
    if piece.offset != arrived:
        text = f"chunk has offset {piece.offset}, but {arrived} bytes have arrived before it"
        raise InvalidArgument.at(piece.name, f"{text}; chunks must follow each other without gaps")
    if stop > declared.nbytes:
        shape = f"shape {declared.shape} of {dtypes.to_name(declared.dtype)}"
        text = f"chunk ends at byte {stop}, but {shape} has {declared.nbytes}"
        raise InvalidArgument.at(piece.name, text)
    if not size or size % unit:
        whole = "elements" if unit == declared.itemsize else "rows"
        text = f"chunk has {size} bytes; it must have one or more whole {whole} of {unit} bytes"
        raise InvalidArgument.at(piece.name, text)
