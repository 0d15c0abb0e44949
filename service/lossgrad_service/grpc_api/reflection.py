"""Server reflection, whose open streams end with the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeAlias

import grpc
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha import reflection_pb2 as pb

from lossgrad_service.admission import Gate, Visit
from lossgrad_service.calls import Call, Dispatcher
from lossgrad_service.grpc_api.contexts import (
    END,
    Context,
    call_of,
    errors_told,
    metadata_of,
)
from lossgrad_service.grpc_api.entrance import enter
from lossgrad_service.grpc_api.patience import Patience
from lossgrad_service.grpc_api.questions import decode_question

MOST_BYTES: Final = 2**12
"""Of a question, which is the name of a file, of a symbol or of a message."""

Answer: TypeAlias = Callable[[bytes], bytes]
"""Gives the answer to a question."""


class Reflection:
    """Answers what a caller asks about `services` until `end`, once it is in at the gate.

    Parameters
    ----------
    services
        The names that are listed, beside reflection's own.
    gate
        Lets callers in, and has the room for questions.
    dispatcher
        Knows the limits on messages, and how long a caller is waited for.
    """

    def __init__(self, services: tuple[str, ...], gate: Gate, dispatcher: Dispatcher) -> None:
        self._gate = gate
        self._dispatcher = dispatcher
        self._library: Any = reflection.ReflectionServicer((*services, reflection.SERVICE_NAME))
        self._over = asyncio.Event()

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the handler of its method, on raw bytes."""
        handlers = {"ServerReflectionInfo": grpc.stream_stream_rpc_method_handler(self._handle)}
        return grpc.method_handlers_generic_handler(reflection.SERVICE_NAME, handlers)

    def end(self) -> None:
        """Take every stream's questions for complete."""
        self._over.set()

    async def _handle(self, _: object, context: Context) -> None:
        metadata = metadata_of(context)
        call = call_of(context, metadata)
        with errors_told(context, call):
            visit = enter(self._gate, context, metadata)
            await _Stream(self._dispatcher, context, call, visit, self._over).answer(self._answer)

    def _answer(self, message: bytes) -> bytes:
        question = decode_question(pb.ServerReflectionRequest, message, MOST_BYTES)
        [answer] = self._library.ServerReflectionInfo(iter((question,)), None)
        return answer.SerializeToString()


class _Stream:
    """One stream that is in at the gate: a question is read once the last one is answered."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        context: Context,
        call: Call,
        visit: Visit,
        over: asyncio.Event,
    ) -> None:
        self._dispatcher = dispatcher
        self._context = context
        self._call = call
        self._visit = visit
        self._over = over
        self._patience = Patience(dispatcher.idle_seconds)
        self._most_bytes = dispatcher.service.limits.max_request_bytes

    async def answer(self, answer: Answer) -> None:
        """Answer each question of the stream."""
        while (question := await self._asked()) is not END:
            work = partial(answer, question)
            await self._send(await self._dispatcher.run_at_once(self._call, work))

    async def _asked(self) -> bytes:
        """Return the next question, or `END`, once there is room for whatever comes."""
        return await self._visit.receive(self._sent, None, self._most_bytes, self._call.deadline)

    async def _sent(self) -> bytes:
        return await self._patience.until_sent(until(self._over, self._context.read()))

    async def _send(self, reply: bytes) -> None:
        """Send a reply, and hold nothing once it is taken."""
        self._visit.resize(len(reply))
        taken = partial(self._taken, reply)
        await self._visit.wait_for_caller(taken, len(reply), self._call.deadline)
        self._visit.resize(0)

    async def _taken(self, reply: bytes) -> None:
        await self._patience.until_taken(self._context.write(reply))


async def until(over: asyncio.Event, message: Coroutine[Any, Any, bytes]) -> bytes:
    """Return a message, or `END` where `over` is set before it has come."""
    coming, ending = asyncio.create_task(message), asyncio.create_task(over.wait())
    try:
        await asyncio.wait((coming, ending), return_when=asyncio.FIRST_COMPLETED)
        return coming.result() if coming.done() else END
    finally:
        coming.cancel()
        ending.cancel()
