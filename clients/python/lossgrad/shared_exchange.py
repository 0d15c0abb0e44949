"""A call by shared memory: what is told of its arrays, and when they are copied.

Arrays of the arena are named where they lie. The rows of others are copied into a slot, computed
from there to there and copied out, while the next ones are copied into another; parameters
and sums that are not large have copies there, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np

from lossgrad.codecs import chunks, shared_pieces
from lossgrad.codecs.cutting import cut
from lossgrad.codecs.shared_pieces import SharedPiece
from lossgrad.codecs.sharing import NotShared
from lossgrad.compute_call import ComputeCall
from lossgrad.errors import Internal, InvalidArgument, LossGradError
from lossgrad.exchange import Exchange
from lossgrad.shared_memory import Arena, Lane, Lanes, Slot, Whole, Window, wholes_of
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

    rows: slice
    """The rows that it names."""
    slot: Slot
    """What they pass through."""
    outputs: Sequence[Lane]
    """What is written of them."""
    sums: Sequence[Whole]
    """The sums that are written."""


class _Sharing(NamedTuple):
    """What there is once memory is shared."""

    lanes: Lanes
    window: Window
    parameters: Sequence[Whole]
    sums: Sequence[Whole]
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
        inputs, arrays = self._problem.inputs.items(), self._arrays.items()
        self._parameters = {n: a for n, a in inputs if not INPUTS[n].has_vectors}
        self._row_outputs = {name: array for name, array in arrays if OUTPUTS[name].has_rows}
        self._sums = {name: array for name, array in arrays if not OUTPUTS[name].has_rows}
        self._sharing: _Sharing | None = None
        self._is_over = False
        self._is_refused = False
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
        for sent in cut(self._sent_parameters(sharing)):
            yield chunks.encode_input_chunks(sent)
        yield from self._row_messages(sharing)

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

    def fail(self, error: LossGradError) -> None:
        """Take in the error that the server ended it with; see `Exchange.fail`.

        It looks at inputs as it computes, and refuses them once it has stopped. Nobody else
        does, so that there is nothing to be taken back, which other calls would suffer from.
        """
        self._is_refused = isinstance(error, InvalidArgument)

    def close(self) -> None:
        """End it, however it went: nothing is used again that the server may still write to.

        No memory is held any more: whoever keeps an error keeps this with its traceback.
        """
        with self._lock:
            self._is_over, sharing, self._sharing = True, self._sharing, None
        if sharing is None:
            return
        sharing.window.end()
        self._under_way.clear()
        if self._scalars is None and not self._is_refused:
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
        parameters, sums = (wholes_of(each, arena) for each in (self._parameters, self._sums))
        lent = (window.memory, *self._arrays.values(), *(whole.here for whole in sums))
        return _Sharing(lanes, window, parameters, sums, lent)

    def _begin(self, sharing: _Sharing) -> None:
        """Lend what the server is to write to, which `close` takes back."""
        with self._lock:
            if self._is_over:
                raise NotShared("the call is over")
            self._sharing = sharing
            self._arena.lend(sharing.lent)

    def _sent_parameters(self, sharing: _Sharing) -> dict[str, Array]:
        """Return the parameters that the server does not find in shared memory."""
        found = {whole.name for whole in sharing.parameters}
        return {name: array for name, array in self._parameters.items() if name not in found}

    def _row_messages(self, sharing: _Sharing) -> Iterator[bytes]:
        """Yield messages that tell where rows lie; each once a slot is free.

        The first one also tells where parameters lie, the last one where sums go.
        """
        lanes, n_rows = sharing.lanes, self._problem.n_rows
        for parameter in sharing.parameters:
            parameter.fill()
        for start in range(0, n_rows, lanes.message_rows):
            slot = sharing.window.take()
            if slot is None:
                return
            rows = slice(start, min(start + lanes.message_rows, n_rows))
            for lane in lanes.inputs:
                lane.fill(slot, rows)
            parameters = sharing.parameters if start == 0 else ()
            sums = sharing.sums if rows.stop == n_rows else ()
            self._under_way.append(_UnderWay(rows, slot, lanes.outputs, sums))
            yield shared_pieces.encode_pieces(
                [*_pieces(parameters), *(lane.piece(rows, slot) for lane in lanes.inputs)],
                [*(lane.piece(rows, slot) for lane in lanes.outputs), *_pieces(sums)],
            )

    def _land(self, done: _UnderWay) -> None:
        """Copy what is there to where it stays, and free the slot."""
        for whole in done.sums:
            self._land_sum(whole)
        for lane in done.outputs:
            self._land_rows(lane, done.rows, done.slot)
        if self._sharing is not None:
            self._sharing.window.give(done.slot)

    def _land_sum(self, whole: Whole) -> None:
        if whole.here is not whole.array:
            self._call.loan.write(whole.array, whole.here)
        self._written[whole.name] = whole.array.nbytes

    def _land_rows(self, lane: Lane, rows: slice, slot: Slot) -> None:
        start, stop = rows.start * lane.row_bytes, rows.stop * lane.row_bytes
        if lane.place is None:
            as_bytes = lane.array.reshape(-1).view(np.uint8)
            self._call.loan.write(as_bytes[start:stop], lane.bytes_in(slot, rows.stop - rows.start))
        self._written[lane.name] = stop


def _pieces(wholes: Iterable[Whole]) -> list[SharedPiece]:
    return [whole.piece() for whole in wholes]
