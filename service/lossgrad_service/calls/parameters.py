"""The parameters of a stream: inputs that are needed whole before the first row."""

from __future__ import annotations

import numpy as np

from lossgrad.errors import InvalidArgument
from lossgrad.types import Array, Problem
from lossgrad.types.quantities import INPUTS
from lossgrad_service.calls.pieces import Piece, check_order


class Parameters:
    """Joins the pieces of the parameters of a declared problem."""

    def __init__(self, declared: Problem) -> None:
        self._declared = declared
        self._names = [name for name in declared.inputs if not INPUTS[name].has_vectors]
        self._arrays: dict[str, Array] = {}
        self._arrived = dict.fromkeys(self._names, 0)

    def take(self, piece: Piece) -> None:
        """Add a piece to what has arrived of its parameter.

        Raises
        ------
        InvalidArgument
            Where it is not the next one, or more than was declared.
        """
        declared, start = self._declared.inputs[piece.name], self._arrived[piece.name]
        check_order(piece, declared, start, declared.itemsize)
        self._arrived[piece.name] = stop = start + len(piece.data)
        self._bytes(piece.name)[start:stop] = np.frombuffer(piece.data, np.uint8)

    def problem(self) -> Problem:
        """Return the problem with its parameters; rows are still declared only.

        Raises
        ------
        InvalidArgument
            Where a parameter is not complete, or has a value that it must not have.
        """
        for name in self._names:
            needed = self._declared.inputs[name].nbytes
            if self._arrived[name] < needed:
                raise InvalidArgument.at(
                    name,
                    f"{self._arrived[name]} of its {needed} bytes arrived before the rows or the "
                    "stream's end; send all parameters first",
                )
            self._bytes(name)
        declared = self._declared
        return Problem.of({**declared.inputs, **self._arrays, **declared.options.chosen})

    def _bytes(self, name: str) -> Array:
        """Return the room of a parameter as bytes."""
        if name not in self._arrays:
            declared = self._declared.inputs[name]
            self._arrays[name] = np.empty(declared.shape, declared.dtype)
        return self._arrays[name].reshape(-1).view(np.uint8)
