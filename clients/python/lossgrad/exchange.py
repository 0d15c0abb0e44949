"""A call whose arrays travel in pieces: what is sent, and what becomes of what comes back.

Without any transport: a transport sends `messages`, hands every answer to `take`, and at
the end asks for the `result`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from lossgrad.codecs import chunks, tensors
from lossgrad.codecs.chunks import Chunk
from lossgrad.codecs.cutting import cut, rows_per_message, rows_within
from lossgrad.compute_call import ComputeCall
from lossgrad.errors import Internal
from lossgrad.types.arrays import Array, read_rows
from lossgrad.types.limits import room_in_message
from lossgrad.types.problem import Problem
from lossgrad.types.quantities import INPUTS, OUTPUTS
from lossgrad.types.result import Result


class Exchange:
    """One attempt of one call.

    The inputs are read a message at a time, none is copied whole unless it is a parameter
    that is not C-contiguous. Outputs are written where they stay.
    """

    rpc = "/lossgrad.v1.LossGradService/ComputeStream"

    def __init__(self, call: ComputeCall) -> None:
        self._problem = call.problem
        self._rows = {n: a for n, a in call.problem.inputs.items() if INPUTS[n].has_vectors}
        self._room = room_in_message(call.limits)
        self.rows_per_message = _rows_per_message(call.problem, self._rows, self._room)
        self._call = call
        self._written = {name: 0 for name in call.problem.want if name in OUTPUTS}
        self._scalars: Mapping[str, Any] | None = None

    def messages(self) -> Iterator[bytes]:
        """Yield the messages to send; each copies its data once, as it is asked for."""
        inputs = self._problem.inputs
        yield chunks.encode_open(self._problem)
        parameters = {n: a for n, a in inputs.items() if not INPUTS[n].has_vectors}
        for pieces in cut(parameters, self._room):
            yield chunks.encode_input_chunks(pieces)
        n_rows, step = self._problem.n_rows, self.rows_per_message
        for start in range(0, n_rows, step):
            span = slice(start, min(start + step, n_rows))
            pieces = [_chunk_of(name, array, span) for name, array in self._rows.items()]
            yield chunks.encode_input_chunks(pieces)

    def take(self, message: bytes) -> None:
        """Take in a message of the server.

        Raises
        ------
        Internal
            Where it is not what must come next.
        Cancelled
            Where the caller has its arrays back.
        """
        arrived = chunks.decode_stream_response(message)
        if self._scalars is not None:
            raise _unreadable("goes on after its end")
        if isinstance(arrived, Mapping):
            self._scalars = arrived
            return
        for chunk in arrived:
            self._write(chunk)

    def result(self, timing: Mapping[str, float]) -> Result:
        """Return what has arrived, once the server has ended its side.

        Raises
        ------
        Internal
            Where something is missing.
        """
        for name, array in self._arrays.items():
            if self._written[name] < array.nbytes:
                raise _unreadable(f"has {self._written[name]} of {array.nbytes} bytes of {name}")
        if self._scalars is None:
            raise _unreadable("has no end")
        return Result({**self._scalars, **self._arrays}, timing)

    def close(self) -> None:
        """End it, however it went: nothing is held."""

    @cached_property
    def _arrays(self) -> Mapping[str, Array]:
        """Where the outputs stay."""
        return {name: self._call.room_for(name) for name in self._written}

    def _write(self, chunk: Chunk) -> None:
        """Copy a chunk to where it stays."""
        array = self._arrays.get(chunk.name)
        start, stop = chunk.offset, chunk.offset + len(chunk.data)
        if array is None or start != self._written[chunk.name] or stop > array.nbytes:
            raise _unreadable(f"has bytes {start} to {stop} of {chunk.name} out of place")
        as_bytes = array.reshape(-1).view(np.uint8)
        self._call.loan.write(as_bytes[start:stop], np.frombuffer(chunk.data, np.uint8))
        self._written[chunk.name] = stop


def _rows_per_message(problem: Problem, inputs: Mapping[str, Array], room: int) -> int:
    taken = sum(array.shape[-1] * array.itemsize for array in inputs.values())
    answered = problem.response_bytes // max(1, problem.n_rows)
    computed = rows_per_message(max(problem.sizes.values()), max(taken, answered))
    return min(computed, rows_within(room, taken))


def _chunk_of(name: str, array: Array, span: slice) -> Chunk:
    """Return rows of an input, of whose other rows nothing is read."""
    rows = read_rows(array, span, vectors=True)
    row_bytes = array.shape[-1] * array.itemsize
    return Chunk(name, span.start * row_bytes, tensors.pack_view(rows)[2])


def _unreadable(reason: str) -> Internal:
    return Internal(f"the server's answer cannot be read: it {reason}")
