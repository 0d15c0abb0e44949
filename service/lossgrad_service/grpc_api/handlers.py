"""From a method on bytes to a gRPC handler: threads, metadata and errors, once for all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

import grpc

from lossgrad.errors import LossGradError
from lossgrad.v1 import lossgrad_pb2
from lossgrad_service.calls import Call, Dispatcher
from lossgrad_service.grpc_api import methods
from lossgrad_service.grpc_api.contexts import Context, call_of, tell_error, tell_timing
from lossgrad_service.grpc_api.stream_handler import stream_handler

SERVICE_NAME: str = lossgrad_pb2.DESCRIPTOR.services_by_name["LossGradService"].full_name

Answer: TypeAlias = Callable[[Call, bytes], Awaitable[bytes]]
"""Gives the answer to a message."""


def service_handler(dispatcher: Dispatcher) -> grpc.GenericRpcHandler:
    """Return the handler of all methods, by their names in the proto, on raw bytes.

    Left to gRPC, a message that does not parse would be INTERNAL.
    """
    handlers = {
        "Compute": _unary(partial(dispatcher.answer, methods.COMPUTE)),
        "ComputeStream": stream_handler(dispatcher),
        "GetServerInfo": _unary(_telling(dispatcher)),
    }
    return grpc.method_handlers_generic_handler(SERVICE_NAME, handlers)


def _telling(dispatcher: Dispatcher) -> Answer:
    def tell(call: Call, message: bytes) -> Awaitable[bytes]:
        work = partial(methods.get_server_info, dispatcher.service, message, call)
        return dispatcher.run_at_once(call, work)

    return tell


def _unary(answer: Answer) -> grpc.RpcMethodHandler[Any, Any]:
    async def handle(message: bytes, context: Context) -> bytes:
        call = call_of(context)
        try:
            reply = await answer(call, message)
        except LossGradError as error:
            tell_error(context, error, call)
            return b""
        tell_timing(context, call)
        return reply

    return grpc.unary_unary_rpc_method_handler(handle)
