"""``ComputeStream`` on its way through gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Set
from contextlib import aclosing
from functools import partial
from typing import Any, Final, TypeAlias

import grpc

from lossgrad.codecs import shared_pieces
from lossgrad.codecs.cutting import MESSAGE_BYTES
from lossgrad.errors import InvalidArgument, LossGradError
from lossgrad.types import limits
from lossgrad_service.admission import Gate, Visit
from lossgrad_service.calls import Call, Dispatcher, Progress
from lossgrad_service.grpc_api.batches import read
from lossgrad_service.grpc_api.compute_stream import ComputeStream
from lossgrad_service.grpc_api.contexts import (
    CANCELLED_WITHIN,
    END,
    Context,
    call_of,
    errors_told,
    metadata_of,
    observed,
    tell_timing,
)
from lossgrad_service.grpc_api.entrance import enter
from lossgrad_service.grpc_api.hanging_up import hang_up
from lossgrad_service.grpc_api.stream_ends import StreamEnds
from lossgrad_service.shared_memory import Memories, Memory

Run: TypeAlias = Callable[[Call, Callable[[], Any]], Awaitable[Any]]
"""Computes for a call."""

SMALL_BYTES: Final = 2**22
"""Of the largest message that is computed on the event loop."""

ROOM_BYTES: Final = 6 * MESSAGE_BYTES
"""What a stream is charged for messages: two on their way in and two out, with gRPC's copy of one
that is sent, and rows that fill no block yet; or one large one.

Half of what its caller gets where that is less, so that there can be two.
"""

LEAST_ROOM_BYTES: Final = 2 * MESSAGE_BYTES
"""One message on its way in and one out: without room for these there are no streams."""


def stream_handler(
    dispatcher: Dispatcher, gate: Gate, memories: Memories
) -> grpc.RpcMethodHandler[Any, Any]:
    """Return the handler of ``ComputeStream`` on raw bytes.

    A block is computed while the reply to the last one is on its way, and answered once that
    was taken: a caller that does not read, or does not send, holds nobody but itself, and
    that not for ever. What goes wrong is told after the replies before it.
    Blocks that take about a millisecond are computed on the event loop as long as there is
    one stream: handing megabytes to a thread and back costs more than that.

    Nothing but its first message is received before there is room for all that it will
    hold. While its caller keeps it waiting, it is among the first to make room; not while
    it computes, whatever is on its way.
    """
    under_way: set[Context] = set()

    async def answer(_: object, context: Context) -> None:
        metadata = metadata_of(context)
        call = observed(
            context, call_of(context, metadata, method="ComputeStream"), dispatcher.observer
        )
        under_way.add(context)
        try:
            with errors_told(context, call):
                visit = call.visit = enter(gate, context, metadata)
                memory = memories.of(visit.caller.name, context.peer())
                await _Stream(dispatcher, context, call, visit, memory, under_way).answer()
                tell_timing(context, call)
                call.answered(0)
        finally:
            under_way.remove(context)

    return grpc.stream_stream_rpc_method_handler(answer)


class _Stream:
    """One stream that is in at the gate."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        context: Context,
        call: Call,
        visit: Visit,
        memory: Memory,
        under_way: Set[Context],
    ) -> None:
        self._dispatcher = dispatcher
        self._context = context
        self._call = call
        self._visit = visit
        self._under_way = under_way
        self._ends = StreamEnds(dispatcher, context, call.deadline, visit)
        self._progress = Progress(call, dispatcher.observer.meter)
        self._stream = ComputeStream(dispatcher.service, call, memory)

    async def answer(self) -> None:
        """Answer each message, and the end of them."""
        try:
            await self._open()
            async with aclosing(self._messages()) as messages:
                async for message in messages:
                    await self._relay(self._stream.replies(message), self._run_of(message))
            await self._finish()
            await self._ends.taken()
        except Exception:
            self._let_go()
            raise

    async def _open(self) -> None:
        """Read the first message, and make room for what it declares."""
        opening = await self._ends.receive(partial(read, self._context))
        if opening is END:
            return
        self._progress.received(len(opening))
        await self._dispatcher.run_soon(self._call, partial(self._stream.open, opening))
        declared = self._stream.declared
        self._progress.opened(declared)
        self._visit.require_quota(declared.request_bytes)
        room = max(LEAST_ROOM_BYTES, min(ROOM_BYTES, self._visit.most // 2))
        held = limits.held_bytes(declared) + room
        await self._visit.admit(held - self._visit.held, self._call.deadline)
        self._visit.charge(declared.request_bytes)
        self._ends.send_head()

    async def _messages(self) -> AsyncGenerator[bytes]:
        """Yield further messages; while one is used, the next one is received, and no other."""
        reading = asyncio.ensure_future(read(self._context))
        try:
            while (message := await self._ends.arrived(reading)) is not END:
                reading = asyncio.ensure_future(read(self._context))
                self._progress.received(len(message))
                yield message
        finally:
            reading.cancel()

    async def _relay(self, replies: Iterator[bytes | None], run: Run) -> None:
        """Send replies, each while the next is computed."""
        following = partial(next, replies, END)
        while (reply := await self._computed(run, following)) is not END:
            self._progress.computed(self._stream.n_computed)
            if reply is not None:
                await self._ends.send_meanwhile(reply)
                self._progress.sent(len(reply))
            if self._stream.is_answered:
                return

    async def _computed(self, run: Run, work: Callable[[], Any]) -> Any:
        """Return what `work` returns; what it raises is told after the replies before it."""
        try:
            return await run(self._call, work)
        except LossGradError:
            await self._ends.taken()
            raise

    async def _finish(self) -> None:
        """Send what is left to say; a caller that is gone is not told what it has not sent."""
        run = self._run_here if self._stream.is_written else self._dispatcher.run
        try:
            await self._relay(self._stream.last_replies(), run)
        except InvalidArgument:
            await asyncio.sleep(CANCELLED_WITHIN)
            raise

    def _let_go(self) -> None:
        """Hold nothing but a reply that is on its way still, behind which gRPC tells of the error.

        It is as an answer that is not read: the connection is ended where others need room.
        """
        if size := self._ends.on_its_way:
            self._visit.be_answered(size, partial(hang_up, self._context.peer()))

    def _run_of(self, message: bytes) -> Run:
        """Return what computes the replies to a message where that is quickest."""
        is_alone = len(self._under_way) == 1 and self._dispatcher.readiness.is_warm
        is_small = len(message) <= SMALL_BYTES and not shared_pieces.are_in(message)
        is_quick = is_alone and self._stream.is_quick and is_small
        return self._run_here if is_quick else self._dispatcher.run

    async def _run_here(self, call: Call, work: Callable[[], Any]) -> Any:
        """Return what `work` returns, after what the event loop has to do: to send and to read."""
        await asyncio.sleep(0)
        return await self._dispatcher.run_at_once(call, work)
