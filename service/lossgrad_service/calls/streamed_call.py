"""A call whose arrays arrive in pieces, checked as they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from lossgrad.errors import InvalidArgument
from lossgrad.types import Array, Problem
from lossgrad.types.quantities import INPUTS
from lossgrad_service.calls.deadline import Deadline
from lossgrad_service.calls.parameters import Parameters
from lossgrad_service.calls.pieces import Piece, check_names, check_order
from lossgrad_service.core import Rows, RowStream


class StreamedCall:
    """Takes in the pieces of a declared problem: its parameters, then its rows in order.

    Parameters
    ----------
    declared
        The problem, of whose arrays nothing but shape and dtype is known.
    deadline
        Until when it is worth computing.
    """

    def __init__(self, declared: Problem, deadline: Deadline) -> None:
        self.declared = declared
        self._deadline = deadline
        self._streamed = [name for name in declared.inputs if INPUTS[name].has_vectors]
        self._parameters = Parameters(declared)
        self._n_arrived = 0

    @property
    def is_quick(self) -> bool:
        """Whether what comes next takes a millisecond or so; not before rows have come."""
        return self._n_arrived > 0 and self._computation.is_quick

    def take(self, pieces: Sequence[Piece]) -> Iterator[Rows]:
        """Take in the pieces of one message and yield the blocks of rows that they complete.

        Each block must be given to `compute` before the next one is asked for.

        Raises
        ------
        InvalidArgument
            Where the pieces are not what must come next, and as `core.compute`.
        DeadlineExceeded, Cancelled
            Where the deadline is over.
        """
        if any(piece.name in self._streamed for piece in pieces):
            self._check(pieces)
            yield from self._computation.blocks(self._rows(pieces))
        else:
            self.take_parameters(pieces)

    def take_parameters(self, pieces: Sequence[Piece]) -> None:
        """Take in pieces of parameters.

        Raises
        ------
        InvalidArgument
            Where they are not what must come next.
        DeadlineExceeded, Cancelled
            Where the deadline is over.
        """
        self._check(pieces)
        for piece in pieces:
            if self._n_arrived:
                raise InvalidArgument.at(piece.name, "came after rows; send all parameters first")
            self._parameters.take(piece)

    def take_whole(self, pieces: Sequence[Piece], n_rows: int) -> Iterator[Rows]:
        """Take in some rows and yield blocks that all of them are computed in.

        Raises
        ------
        InvalidArgument
            As `take`; also where the pieces have another number of rows, or rows that
            have to wait for others.
        DeadlineExceeded, Cancelled
            Where the deadline is over.
        """
        self._check(pieces)
        started, rows = self._n_arrived, self._rows(pieces)
        if self._n_arrived - started != n_rows:
            text = f"brings {self._n_arrived - started} rows, but places for {n_rows}"
            raise InvalidArgument.at("shared", text)
        step = self._computation.step
        is_last = self._n_arrived == self.declared.n_rows
        if started % step or (self._n_arrived % step and not is_last):
            text = f"ends at row {self._n_arrived}; such messages, but the last, end at a multiple"
            raise InvalidArgument.at("shared", f"{text} of {step} rows")
        return self._computation.large_blocks(rows)

    def compute(self, block: Rows, outputs: Rows) -> None:
        """Compute a block into the wanted outputs with rows, each (n, …)."""
        self._computation.compute(block, outputs)

    def finish(self) -> dict[str, Any]:
        """Return the scalars and the wanted outputs without rows, once everything has arrived.

        Raises
        ------
        InvalidArgument
            Where something is missing, and as `core.compute`.
        """
        computation = self._computation
        if self._n_arrived < self.declared.n_rows:
            text = f"the stream ended after {self._n_arrived} of {self.declared.n_rows} rows"
            raise InvalidArgument.at(self._streamed[0], text)
        return computation.finish()

    @cached_property
    def _computation(self) -> RowStream:
        return RowStream(self._parameters.problem(), checkpoint=self._deadline.check)

    def _check(self, pieces: Sequence[Piece]) -> None:
        self._deadline.check()
        check_names(pieces, self.declared)

    def _rows(self, pieces: Sequence[Piece]) -> Rows:
        """Return the rows in a message, which has the same ones of each input with rows."""
        found = {piece.name: self._rows_in(piece) for piece in pieces}
        for name in self._streamed:
            if name not in found:
                text = f"missing in a message with rows; send the same rows of {self._streamed}"
                raise InvalidArgument.at(name, text)
        first = pieces[0].name
        for name, rows in found.items():
            if len(rows) != len(found[first]):
                text = f"chunk has {len(rows)} rows, but that of {first} has {len(found[first])}"
                raise InvalidArgument.at(name, text)
        self._n_arrived += len(found[first])
        return found

    def _rows_in(self, piece: Piece) -> Array:
        if piece.name not in self._streamed:
            text = "came together with rows; send all parameters before the first rows"
            raise InvalidArgument.at(piece.name, text)
        declared = self.declared.inputs[piece.name]
        width = declared.shape[-1]
        row_bytes = width * declared.itemsize
        check_order(piece, declared, self._n_arrived * row_bytes, row_bytes)
        rows = np.frombuffer(piece.data, declared.dtype).reshape(-1, width)
        # Data that a caller did not pad begins anywhere; kernels take what is aligned.
        return np.require(rows, requirements="A")
