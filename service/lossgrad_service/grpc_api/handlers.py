"""From a method on bytes to a gRPC handler: the gate, metadata and errors, once for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

import grpc

from lossgrad.codecs.request_size import KEY
from lossgrad.errors import InvalidArgument, TooLarge
from lossgrad.types import check_limits
from lossgrad.v1 import lossgrad_pb2
from lossgrad_service.admission import Gate, Visit
from lossgrad_service.calls import Call, Dispatcher
from lossgrad_service.grpc_api import methods
from lossgrad_service.grpc_api.batches import read
from lossgrad_service.grpc_api.contexts import (
    CANCELLED_WITHIN,
    END,
    Context,
    Metadata,
    call_of,
    metadata_of,
    no_message,
    observed,
    tell_failure,
    tell_timing,
)
from lossgrad_service.grpc_api.entrance import declared_in, enter
from lossgrad_service.grpc_api.hanging_up import hang_up
from lossgrad_service.grpc_api.stream_handler import stream_handler
from lossgrad_service.metrics.catalogue import MethodName
from lossgrad_service.shared_memory import Memories

SERVICE_NAME: str = lossgrad_pb2.DESCRIPTOR.services_by_name["LossGradService"].full_name

Answer: TypeAlias = Callable[[Call, Visit, bytes], Awaitable[bytes]]
"""Gives the answer to a message."""


def service_handler(
    dispatcher: Dispatcher, gate: Gate, memories: Memories
) -> grpc.GenericRpcHandler:
    """Return the handler of all methods, by their names in the proto, on raw bytes.

    Left to gRPC, a message that does not parse would be INTERNAL.
    """
    unary = partial(UnaryHandler, dispatcher, gate)
    handlers = {
        "Compute": unary("Compute", partial(dispatcher.answer, methods.COMPUTE)).of_grpc(),
        "ComputeStream": stream_handler(dispatcher, gate, memories),
        "CheckGradients": unary(
            "CheckGradients", partial(dispatcher.answer, methods.CHECK)
        ).of_grpc(),
        "GetServerInfo": unary("GetServerInfo", _telling(dispatcher)).of_grpc(),
    }
    return grpc.method_handlers_generic_handler(SERVICE_NAME, handlers)


def _telling(dispatcher: Dispatcher) -> Answer:
    def tell(call: Call, _visit: Visit, message: bytes) -> Awaitable[bytes]:
        work = partial(methods.get_server_info, dispatcher.service, message, call)
        return dispatcher.run_at_once(call, work)

    return tell


FEWER_ROWS: Final = "send fewer rows at a time with the whole batch's denominator"
_STREAM: Final = f"{FEWER_ROWS}, or call ComputeStream"
_ADVICE: Final[Mapping[MethodName, str]] = {
    "CheckGradients": check_limits.ADVICE,
    "ModelInfer": FEWER_ROWS,
}
"""What to do about a message that is too large, where no stream takes the same."""


class UnaryHandler:
    """Answers one message by one.

    To gRPC it is a handler of streams of messages: so it is called before the first one
    has come, which is read once there is room for it. A second one is never read. Callers
    see no difference.
    """

    def __init__(
        self, dispatcher: Dispatcher, gate: Gate, name: MethodName, answer: Answer
    ) -> None:
        self._gate = gate
        self._name: MethodName = name
        self._dispatcher = dispatcher
        self._observer = dispatcher.observer
        self._answer = answer
        self._most_bytes = dispatcher.service.limits.max_request_bytes
        self._most_seconds = dispatcher.max_call_seconds

    def of_grpc(self) -> grpc.RpcMethodHandler[Any, Any]:
        """Return it as gRPC takes it."""
        return grpc.stream_unary_rpc_method_handler(self._handle)

    async def _handle(self, _: object, context: Context) -> bytes:
        metadata = metadata_of(context)
        call = call_of(context, metadata, self._most_seconds, self._name)
        observed(context, call, self._observer)
        try:
            visit = call.visit = enter(self._gate, context, metadata)
            message = await self._receive(visit, context, metadata, call)
            reply = await self._answer(call, visit, message)
        except Exception as error:
            tell_failure(context, error, call)
            return b""
        tell_timing(context, call)
        call.answered(len(reply))
        visit.be_answered(len(reply), partial(hang_up, context.peer()))
        return reply

    async def _receive(
        self, visit: Visit, context: Context, metadata: Metadata, call: Call
    ) -> bytes:
        declared = declared_in(metadata)
        if declared is not None and declared > self._most_bytes:
            raise too_large(declared, self._most_bytes, _ADVICE.get(self._name, _STREAM))
        if declared is not None and declared > methods.SMALL:
            self._dispatcher.require_turn(call)
        reading = partial(read, context)
        message = await visit.receive(reading, declared, self._most_bytes, call.deadline)
        if message is END:
            await asyncio.sleep(CANCELLED_WITHIN)
            raise no_message()
        if declared is not None and len(message) > declared:
            raise _longer_than_declared(len(message), declared)
        call.received = len(message)
        return message


def _longer_than_declared(size: int, declared: int) -> InvalidArgument:
    return InvalidArgument.at(
        "", f"the message has {size} bytes, {KEY} says {declared}; tell the size that it has"
    )


def too_large(size: int, limit: int, advice: str) -> TooLarge:
    """Return the error of a message of too many bytes, with what to do about it."""
    return TooLarge(
        f"the message has {size} bytes, max_request_bytes is {limit}; {advice}",
        limit="max_request_bytes",
    )
