"""From a method on bytes to a gRPC handler: threads, metadata and errors, once for all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NoReturn, TypeAlias

import grpc
from grpc import aio

from lossgrad.codecs.server_timing import KEY, encode_timing
from lossgrad.codecs.status import DETAILS_KEY, encode_status
from lossgrad.errors import LossGradError
from lossgrad.v1 import lossgrad_pb2
from lossgrad_service.calls import Dispatcher, Service, Stopwatch, accept_request_id
from lossgrad_service.calls.request_id import HEADER
from lossgrad_service.grpc_api.methods import COMPUTING, TELLING, Method

SERVICE_NAME: str = lossgrad_pb2.DESCRIPTOR.services_by_name["LossGradService"].full_name

_CODES = {code.value[0]: code for code in grpc.StatusCode}

Context = aio.ServicerContext[bytes, bytes]
Run: TypeAlias = Callable[[str, Callable[[], bytes]], Awaitable[bytes]]


def service_handler(dispatcher: Dispatcher) -> grpc.GenericRpcHandler:
    """Return the handler of all methods; it takes and gives raw bytes.

    Left to gRPC, a message that does not parse would be INTERNAL.
    """
    service = dispatcher.service
    computing = {name: _unary(service, m, dispatcher.run) for name, m in COMPUTING.items()}
    telling = {name: _unary(service, m, dispatcher.run_at_once) for name, m in TELLING.items()}
    return grpc.method_handlers_generic_handler(SERVICE_NAME, computing | telling)


def _unary(service: Service, method: Method, run: Run) -> grpc.RpcMethodHandler[Any, Any]:
    async def answer(message: bytes, context: Context) -> bytes:
        request_id = _request_id(context)
        watch = Stopwatch()
        try:
            reply = await run(request_id, partial(method, service, message, watch))
        except LossGradError as error:
            await _abort(context, error, request_id)
        timing = encode_timing(watch.timing)
        context.set_trailing_metadata(((HEADER, request_id), (KEY, timing)))
        return reply

    return grpc.unary_unary_rpc_method_handler(answer)


def _request_id(context: Context) -> str:
    sent = dict(context.invocation_metadata() or ()).get(HEADER)
    return accept_request_id(sent if isinstance(sent, str) else None)


async def _abort(context: Context, error: LossGradError, request_id: str) -> NoReturn:
    status = encode_status(error)
    metadata = ((HEADER, request_id), (DETAILS_KEY, status.details))
    await context.abort(_CODES[status.code], status.message, metadata)
