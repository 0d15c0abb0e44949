"""A call by shared memory: what is told of its arrays, and when they are copied.

Arrays of the arena are named where they lie. The rows of others are copied into a slot, computed
from there to there and copied out, while the next ones are copied into another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from lossgrad.codecs import chunks, shared_pieces
from lossgrad.codecs.cutting import cut
from lossgrad.codecs.shared_pieces import SharedPiece
from lossgrad.codecs.sharing import NotShared
from lossgrad.compute_call import ComputeCall
from lossgrad.errors import Internal
from lossgrad.exchange import Exchange
from lossgrad.shared_memory import Arena, Lane, Lanes, Slot, Window, place_of
from lossgrad.types.arrays import Array
from lossgrad.types.limits import is_streamed
from lossgrad.types.problem import Problem
from lossgrad.types.quantities import INPUTS, OUTPUTS


def exchange_of(call: ComputeCall) -> Exchange | None:
    """Return how a call travels in pieces, by shared memory if it can; None if one message does."""
    if not is_streamed(call.problem, call.limits):
        return None
    if call.arena is None or not has_bytes(call.problem):
        return Exchange(call)
    try:
        return SharedExchange(call, call.arena)
    except (NotShared, OSError):
        return Exchange(call)


def has_bytes(problem: Problem) -> bool:
    """Return whether a problem has rows, and each extent of theirs is at least 1."""
    return bool(problem.n_rows) and all(problem.sizes.values())


class _UnderWay(NamedTuple):
    """A message that the server is not done with."""

    rows: slice = slice(0, 0)
    """The rows that it names."""
    slot: Slot | None = None
    """What they pass through."""
    sums: tuple[SharedPiece, ...] = ()
    """The sums that it has written."""


class SharedExchange(Exchange):
    """One attempt of one call.

    Parameters
    ----------
    call
        The call, which has rows.
    arena
        Where arrays lie that need not be copied, and where slots are made.

    Raises
    ------
    NotShared
        Where the server does not take the memory of the slots.
    OSError
        Where there is none.
    """

    def __init__(self, call: ComputeCall, arena: Arena) -> None:
        super().__init__(call)
        self._place_of = partial(place_of, arena=arena)
        outputs = {name: a for name, a in self._arrays.items() if OUTPUTS[name].has_rows}
        self._sums = {name: a for name, a in self._arrays.items() if name not in outputs}
        self._lanes = Lanes.of(call.problem, self._rows, outputs, arena)
        n_messages = -(-call.problem.n_rows // self._lanes.message_rows)
        self._window = Window.of(n_messages, self._lanes.slot_bytes, arena)
        self._under_way: deque[_UnderWay] = deque()
        self._n_done = 0
        self._arena = arena
        self._lent = (self._window.memory, *self._arrays.values())
        arena.lend(self._lent)

    def messages(self) -> Iterator[bytes]:
        """Yield the messages to send; see `Exchange.messages`."""
        yield chunks.encode_open(self._problem)
        yield from self._parameter_messages()
        yield from self._row_messages()
        yield from self._sum_messages()

    def take(self, message: bytes) -> None:
        """Take in a message of the server; see `Exchange.take`."""
        count = shared_pieces.decode_done(message)
        if count is None:
            super().take(message)
            return
        if count != self._n_done + 1 or not self._under_way:
            raise Internal(f"the server's answer cannot be read: it is done with {count} messages")
        self._n_done = count
        self._land(self._under_way.popleft())

    def close(self) -> None:
        """End it, however it went: nothing is used again that the server may still write to."""
        self._window.end()
        if self._scalars is None:
            self._arena.withdraw(self._lent)
        self._arena.settle(self._lent)

    def _parameter_messages(self) -> Iterator[bytes]:
        """Yield messages with the data of parameters, and one that tells where the others lie."""
        parameters = {n: a for n, a in self._problem.inputs.items() if not INPUTS[n].has_vectors}
        pieces = self._whole(parameters)
        named = {piece.name for piece in pieces}
        for sent in cut({n: a for n, a in parameters.items() if n not in named}):
            yield chunks.encode_input_chunks(sent)
        if pieces:
            self._under_way.append(_UnderWay())
            yield shared_pieces.encode_pieces(pieces, ())

    def _row_messages(self) -> Iterator[bytes]:
        """Yield messages that tell where rows lie; each once a slot is free."""
        n_rows, step = self._problem.n_rows, self._lanes.message_rows
        for start in range(0, n_rows, step):
            slot = self._window.take()
            if slot is None:
                return
            rows = slice(start, min(start + step, n_rows))
            for lane in self._lanes.inputs:
                lane.fill(slot, rows)
            self._under_way.append(_UnderWay(rows, slot))
            yield shared_pieces.encode_pieces(
                [lane.piece(rows, slot) for lane in self._lanes.inputs],
                [lane.piece(rows, slot) for lane in self._lanes.outputs],
            )

    def _sum_messages(self) -> Iterator[bytes]:
        """Yield a message that tells where sums go, if any is to be written where it stays."""
        pieces = self._whole(self._sums)
        if pieces:
            self._under_way.append(_UnderWay(sums=tuple(pieces)))
            yield shared_pieces.encode_pieces((), pieces)

    def _whole(self, arrays: Mapping[str, Array]) -> list[SharedPiece]:
        """Return what to tell of those arrays that lie in shared memory."""
        places = {name: self._place_of(array) for name, array in arrays.items()}
        return [
            place.piece(name, 0, arrays[name].nbytes, at=0)
            for name, place in places.items()
            if place is not None
        ]

    def _land(self, done: _UnderWay) -> None:
        """Copy what is there to where it stays, and free the slot."""
        for piece in done.sums:
            self._written[piece.name] = piece.size
        if done.slot is None:
            return
        for lane in self._lanes.outputs:
            self._land_rows(lane, done.rows, done.slot)
        self._window.give(done.slot)

    def _land_rows(self, lane: Lane, rows: slice, slot: Slot) -> None:
        start, stop = rows.start * lane.row_bytes, rows.stop * lane.row_bytes
        if lane.place is None:
            as_bytes = lane.array.reshape(-1).view(np.uint8)
            self._call.loan.write(as_bytes[start:stop], lane.bytes_in(slot, rows.stop - rows.start))
        self._written[lane.name] = stop
