"""``ComputeStream`` on the bytes of its messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final

from lossgrad.codecs import chunks, shared_pieces
from lossgrad.codecs.chunks import Chunk
from lossgrad.codecs.cutting import MESSAGE_BYTES, cut
from lossgrad.codecs.shared_pieces import SharedPiece, SharedPieces
from lossgrad.codecs.tensors import pack_view
from lossgrad.errors import InvalidArgument
from lossgrad.types import Problem
from lossgrad.types.quantities import OUTPUTS
from lossgrad_service.calls import Call, Rows, Service, StreamedCall, n_rows_of
from lossgrad_service.grpc_api.in_memory import chunks_in, places_in, write_sums
from lossgrad_service.grpc_api.row_outputs import RowOutput, row_outputs
from lossgrad_service.shared_memory import Memory

MOST_BESIDE_DATA: Final = 2**10
"""Bytes of a message with chunks that are none of theirs; names and offsets take about 20 each."""


class ComputeStream:
    """One stream: what each message makes ready, and what is left to say at the end."""

    def __init__(self, service: Service, call: Call, memory: Memory) -> None:
        self._service = service
        self._memory = memory
        self._deadline = call.deadline
        self._watch = call.watch
        self._call: StreamedCall | None = None
        self._outputs: list[RowOutput] = []
        self._n_shared = 0
        self._written: set[str] = set()
        """Sums that are where the caller wants them."""
        self.n_computed = 0
        """Rows that were computed by now."""
        self.is_answered = False
        """Whether the last reply is known to be the last one to its message."""

    @property
    def is_quick(self) -> bool:
        """Whether the next replies take a millisecond or so each."""
        return self._call is not None and self._call.is_quick

    @property
    def is_written(self) -> bool:
        """Whether the sums are where the caller wants them: what is left to say is short."""
        return bool(self._written) and not self._unwritten

    @property
    def declared(self) -> Problem:
        """What the first message declared.

        Raises
        ------
        InvalidArgument
            Where it did not come.
        """
        return self._opened().declared

    def open(self, message: bytes) -> None:
        """Take in the first message, which brings no data.

        Raises
        ------
        InvalidArgument, TooLarge
            As `replies` does; `InvalidArgument` as well where it opens nothing.
        """
        for _ in self.replies(message):
            pass
        self._opened()

    def replies(self, message: bytes) -> Iterator[bytes | None]:
        """Take in a ComputeStreamRequest and yield what it makes ready, block by block.

        None stands for a block that nothing is to be said of.

        Raises
        ------
        InvalidArgument
            Where it is not what must come next, and as `Service.compute`.
        TooLarge
            Where what the first message declares exceeds a limit.
        """
        self.is_answered = False
        with self._watch.stage("decode"):
            arrived = self._decoded(message)
        if isinstance(arrived, SharedPieces):
            yield from self._replies_to_shared(arrived)
            return
        if isinstance(arrived, Problem):
            self._open(arrived)
            return
        check_content(message, arrived)
        call = self._opened()
        for block in call.take(arrived):
            yield from self._answer_to(call, block)

    def last_replies(self) -> Iterator[bytes]:
        """Yield what is left to say once the caller has ended its side.

        Raises
        ------
        InvalidArgument
            Where something is missing.
        """
        self.is_answered = False
        for pieces in cut(self._unwritten):
            yield chunks.encode_output_chunks(pieces)
        scalars = {name: value for name, value in self._finished.items() if name not in OUTPUTS}
        self.is_answered = True
        yield chunks.encode_closing(scalars)

    @property
    def _unwritten(self) -> dict[str, Any]:
        """The sums that the caller does not have yet."""
        sums = {name: value for name, value in self._finished.items() if name in OUTPUTS}
        return {name: value for name, value in sums.items() if name not in self._written}

    @cached_property
    def _finished(self) -> dict[str, Any]:
        """The scalars and the sums, once all rows have come."""
        with self._watch.stage("compute"):
            return self._opened().finish()

    def _decoded(self, message: bytes) -> Problem | SharedPieces | tuple[Chunk, ...]:
        if shared_pieces.are_in(message):
            return shared_pieces.decode_pieces(message)
        if self._call is not None and chunks.is_opening(message):
            raise InvalidArgument.at("open", "came twice; it goes into the first message only")
        return chunks.decode_stream_request(message)

    def _open(self, declared: Problem) -> None:
        self._call = self._service.open_stream(declared, self._deadline)
        self._outputs = row_outputs(declared)

    def _replies_to_shared(self, pieces: SharedPieces) -> Iterator[bytes | None]:
        """Take in what lies in shared memory, and yield what it makes ready."""
        call, memory = self._opened(), self._memory
        self._check_sums(pieces.sums)
        if pieces.parameters:
            call.take_parameters(chunks_in(memory, pieces.parameters))
        if pieces.places:
            yield from self._written_in_place(call, pieces)
        elif pieces.rows:
            for block in call.take(chunks_in(memory, pieces.rows)):
                yield from self._answer_to(call, block)
        if pieces.sums:
            self._written |= write_sums(self._unwritten, pieces.sums, memory)
        self._n_shared += 1
        self.is_answered = True
        yield shared_pieces.encode_done(self._n_shared)

    def _check_sums(self, pieces: Sequence[SharedPiece]) -> None:
        """Refuse places that nothing will be written to, before rows are computed for long."""
        for piece in pieces:
            if piece.name not in self.declared.want or piece.name in self._written:
                text = "has a place, but is not asked for, or was written already"
                raise InvalidArgument.at(piece.name, text)

    def _written_in_place(self, call: StreamedCall, pieces: SharedPieces) -> Iterator[None]:
        """Compute rows into the places that came with them; nothing is to be said between them."""
        n_rows, places = places_in(self._memory, pieces.places, self._outputs, self.n_computed)
        blocks = call.take_whole(chunks_in(self._memory, pieces.rows), n_rows)
        start = 0
        for block in blocks:
            if start:
                yield None
            stop = start + n_rows_of(block)
            self._compute(call, block, {name: rows[start:stop] for name, rows in places.items()})
            start = stop

    def _answer_to(self, call: StreamedCall, block: Rows) -> Iterator[bytes | None]:
        """Compute a block and yield what answers it; None where nothing does."""
        n_rows = n_rows_of(block)
        size = n_rows * sum(output.row_bytes for output in self._outputs)
        if not size:
            self._compute(call, block, {})
            yield None
        elif size <= MESSAGE_BYTES:
            yield self._computed_message(call, block, n_rows)
        else:
            yield from self._computed_messages(call, block, n_rows)

    def _computed_message(self, call: StreamedCall, block: Rows, n_rows: int) -> bytes:
        """Compute a block straight into the message that answers it."""
        message, rooms = chunks.reserve_output_chunks(
            [(o.name, self.n_computed * o.row_bytes, n_rows * o.row_bytes) for o in self._outputs]
        )
        pairs = zip(self._outputs, rooms, strict=True)
        self._compute(call, block, {output.name: output.rows_in(room) for output, room in pairs})
        return message

    def _computed_messages(self, call: StreamedCall, block: Rows, n_rows: int) -> Iterator[bytes]:
        """Compute a block whose answer is more than anyone's gRPC takes in one message."""
        first = self.n_computed
        rooms = {output.name: output.room(n_rows) for output in self._outputs}
        self._compute(call, block, rooms)
        step = max(1, MESSAGE_BYTES // sum(output.row_bytes for output in self._outputs))
        for start in range(0, n_rows, step):
            yield chunks.encode_output_chunks(
                [
                    Chunk(
                        output.name,
                        (first + start) * output.row_bytes,
                        pack_view(rooms[output.name][start : start + step])[2],
                    )
                    for output in self._outputs
                ]
            )

    def _compute(self, call: StreamedCall, block: Rows, outputs: Rows) -> None:
        with self._watch.stage("compute"):
            call.compute(block, outputs)
        self.n_computed += n_rows_of(block)

    def _opened(self) -> StreamedCall:
        if self._call is None:
            text = "missing; the first message declares the options and every tensor"
            raise InvalidArgument.at("open", text)
        return self._call


def check_content(message: bytes, pieces: Sequence[Chunk]) -> None:
    """Hold the bytes of a message against the data that it brings.

    So what a stream may send, and how often, is bounded by what it declared.

    Raises
    ------
    InvalidArgument
        Where there is much beside it.
    """
    beside = len(message) - sum(len(piece.data) for piece in pieces)
    if beside > MOST_BESIDE_DATA:
        raise InvalidArgument.at(
            "chunks",
            f"came with {beside} bytes that are no data; a message may have {MOST_BESIDE_DATA}",
        )
