"""A call by shared memory: what is told of its arrays, and when they are copied.

Arrays of the arena are named where they lie. The rows of others are copied into a slot, computed
from there to there and copied out, while the next ones are copied into another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from functools import partial
from threading import Lock
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
    """Return how a call travels in pieces; None where it is one message."""
    if not is_streamed(call.problem, call.limits):
        return None
    if call.arena is None or not has_bytes(call.problem):
        return Exchange(call)
    return SharedExchange(call, call.arena)


def has_bytes(problem: Problem) -> bool:
    """Return whether a problem has rows, and each extent of theirs is at least 1."""
    return bool(problem.n_rows) and all(problem.sizes.values())


class _UnderWay(NamedTuple):
    """A message that the server is not done with."""

    rows: slice = slice(0, 0)
    """The rows that it names."""
    slot: Slot | None = None
    """What they pass through."""
    outputs: tuple[Lane, ...] = ()
    """What is written of them."""
    sums: tuple[SharedPiece, ...] = ()
    """The sums that are written."""


class _Sharing(NamedTuple):
    """What there is once memory is shared."""

    lanes: Lanes
    window: Window
    lent: tuple[Array, ...]
    """What the server may write to."""


class SharedExchange(Exchange):
    """One attempt of one call; where the server does not share memory, it is sent.

    Parameters
    ----------
    call
        The call, which has bytes.
    arena
        Where arrays lie that need not be copied, and where slots are made.
    """

    def __init__(self, call: ComputeCall, arena: Arena) -> None:
        super().__init__(call)
        self._arena = arena
        self._place_of = partial(place_of, arena=arena)
        arrays = self._arrays.items()
        self._row_outputs = {name: array for name, array in arrays if OUTPUTS[name].has_rows}
        self._sums = {name: array for name, array in arrays if not OUTPUTS[name].has_rows}
        self._sharing: _Sharing | None = None
        self._is_over = False
        self._lock = Lock()
        self._under_way: deque[_UnderWay] = deque()
        self._n_done = 0

    def messages(self) -> Iterator[bytes]:
        """Yield the messages to send; see `Exchange.messages`."""
        try:
            sharing = self._share()
        except (NotShared, OSError):
            yield from super().messages()
            return
        yield chunks.encode_open(self._problem)
        yield from self._parameter_messages()
        yield from self._row_messages(sharing)
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
        with self._lock:
            self._is_over, sharing = True, self._sharing
        if sharing is None:
            return
        sharing.window.end()
        if self._scalars is None:
            self._arena.withdraw(sharing.lent)
        self._arena.settle(sharing.lent)
        self._arena.calls.release()

    def _share(self) -> _Sharing:
        """Begin to share memory; in the thread that sends.

        Raises
        ------
        NotShared
            Where the server does not take it, or other calls have all there is.
        OSError
            Where there is none.
        """
        if not self._arena.calls.acquire(blocking=False):
            raise NotShared("as many calls share memory as may")
        try:
            sharing = self._laid_out()
            self._begin(sharing)
        except BaseException:
            self._arena.calls.release()
            raise
        return sharing

    def _laid_out(self) -> _Sharing:
        """Return where everything goes."""
        n_rows, arena = self._problem.n_rows, self._arena
        lanes = Lanes.of(self._problem, self._rows, self._row_outputs, arena)
        window = Window.of(-(-n_rows // lanes.message_rows), lanes.slot_bytes, arena)
        return _Sharing(lanes, window, (window.memory, *self._arrays.values()))

    def _begin(self, sharing: _Sharing) -> None:
        """Lend what the server is to write to, which `close` takes back."""
        with self._lock:
            if self._is_over:
                raise NotShared("the call is over")
            self._sharing = sharing
            self._arena.lend(sharing.lent)

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

    def _row_messages(self, sharing: _Sharing) -> Iterator[bytes]:
        """Yield messages that tell where rows lie; each once a slot is free."""
        lanes, n_rows = sharing.lanes, self._problem.n_rows
        for start in range(0, n_rows, lanes.message_rows):
            slot = sharing.window.take()
            if slot is None:
                return
            rows = slice(start, min(start + lanes.message_rows, n_rows))
            for lane in lanes.inputs:
                lane.fill(slot, rows)
            self._under_way.append(_UnderWay(rows, slot, lanes.outputs))
            yield shared_pieces.encode_pieces(
                [lane.piece(rows, slot) for lane in lanes.inputs],
                [lane.piece(rows, slot) for lane in lanes.outputs],
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
        for lane in done.outputs:
            self._land_rows(lane, done.rows, done.slot)
        if done.slot is not None and self._sharing is not None:
            self._sharing.window.give(done.slot)

    def _land_rows(self, lane: Lane, rows: slice, slot: Slot | None) -> None:
        start, stop = rows.start * lane.row_bytes, rows.stop * lane.row_bytes
        if lane.place is None and slot is not None:
            as_bytes = lane.array.reshape(-1).view(np.uint8)
            self._call.loan.write(as_bytes[start:stop], lane.bytes_in(slot, rows.stop - rows.start))
        self._written[lane.name] = stop
