"""Server reflection, whose open streams end with the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeAlias

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha import reflection_pb2 as pb

from lossgrad.v1 import lossgrad_pb2
from lossgrad_service.admission import Gate, Visit
from lossgrad_service.calls import Call, Dispatcher
from lossgrad_service.grpc_api.batches import read
from lossgrad_service.grpc_api.contexts import (
    END,
    Context,
    call_of,
    errors_told,
    metadata_of,
    observed,
)
from lossgrad_service.grpc_api.entrance import enter
from lossgrad_service.grpc_api.questions import decode_question
from lossgrad_service.grpc_api.stream_ends import StreamEnds
from lossgrad_service.metrics.catalogue import MethodName
from lossgrad_service.open_inference import messages as inference

METHOD: Final[MethodName] = "ServerReflectionInfo"

MOST_BYTES: Final = 2**12
"""Of a question, which is the name of a file, of a symbol or of a message."""

Answer: TypeAlias = Callable[[bytes], bytes]
"""Gives the answer to a question."""


def _described() -> DescriptorPool:
    """Return a pool with what there is to call, the messages of package ``inference`` too."""
    pool = DescriptorPool()
    for file in (
        lossgrad_pb2.DESCRIPTOR,
        health_pb2.DESCRIPTOR,
        pb.DESCRIPTOR,
        inference.POOL.FindFileByName(inference.FILE_NAME),
    ):
        pool.AddSerializedFile(file.serialized_pb)
    return pool


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
        names = (*services, reflection.SERVICE_NAME)
        self._library: Any = reflection.ReflectionServicer(names, pool=_described())
        self._over = asyncio.Event()

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the handler of its method, on raw bytes."""
        handlers = {METHOD: grpc.stream_stream_rpc_method_handler(self._handle)}
        return grpc.method_handlers_generic_handler(reflection.SERVICE_NAME, handlers)

    def end(self) -> None:
        """Take every stream's questions for complete."""
        self._over.set()

    async def _handle(self, _: object, context: Context) -> None:
        metadata = metadata_of(context)
        call = observed(
            context, call_of(context, metadata, method=METHOD), self._dispatcher.observer
        )
        with errors_told(context, call):
            visit = call.visit = enter(self._gate, context, metadata)
            await _Stream(self._dispatcher, context, call, visit, self._over).answer(self._answer)
            call.answered(0)

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
        self._ends = StreamEnds(dispatcher, context, call.deadline, visit)

    async def answer(self, answer: Answer) -> None:
        """Answer each question of the stream."""
        while (question := await self._ends.receive(self._question)) is not END:
            self._call.received += len(question)
            work = partial(answer, question)
            await self._send(await self._dispatcher.run_at_once(self._call, work))

    async def _question(self) -> bytes:
        return await until(self._over, read(self._context))

    async def _send(self, reply: bytes) -> None:
        """Send a reply, and hold nothing once it is taken."""
        self._visit.resize(len(reply))
        await self._ends.send(reply)
        self._call.sent += len(reply)
        self._visit.resize(0)


async def until(over: asyncio.Event, message: Coroutine[Any, Any, bytes]) -> bytes:
    """Return a message, or `END` where `over` is set before it has come."""
    coming, ending = asyncio.create_task(message), asyncio.create_task(over.wait())
    try:
        await asyncio.wait((coming, ending), return_when=asyncio.FIRST_COMPLETED)
        return coming.result() if coming.done() else END
    finally:
        coming.cancel()
        ending.cancel()
