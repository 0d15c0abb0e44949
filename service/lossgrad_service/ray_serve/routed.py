"""The methods as Ray's gRPC proxy routes them, with what it says of lost replicas in our words."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from typing import Any, Final

import grpc

from lossgrad.codecs.status import DETAILS_KEY, encode_status
from lossgrad.errors import LossGradError
from lossgrad_service.grpc_api.contexts import CODES
from lossgrad_service.grpc_api.handlers import SERVICE_NAME
from lossgrad_service.ray_serve.lost_replicas import FULL, LOST

UNARY: Final = ("Compute", "CheckGradients", "GetServerInfo")
STREAMS: Final = ("ComputeStream",)

_MEANT: Final[Mapping[grpc.StatusCode, LossGradError]] = {
    grpc.StatusCode.INTERNAL: LOST,
    grpc.StatusCode.RESOURCE_EXHAUSTED: FULL,
}
"""What Ray's own codes mean to callers, so far as their names say something else."""


class Routed(grpc.GenericRpcHandler):
    """The handler that Ray's proxy asks for methods.

    Messages stay bytes: left to gRPC, one that does not parse would be INTERNAL.
    """

    def __init__(self) -> None:
        # By this name, which is gRPC's own, Ray finds the methods and puts its own in their places.
        self._method_handlers = {
            **_by_path(UNARY, grpc.unary_unary_rpc_method_handler(_never)),
            **_by_path(STREAMS, grpc.stream_stream_rpc_method_handler(_never)),
        }

    def service(self, handler_call_details: Any) -> Any:
        """Return what answers a method, None where it is not known."""
        handler = self._method_handlers.get(handler_call_details.method)
        return None if handler is None else _retelling(handler)


def _by_path(names: Iterable[str], handler: Any) -> dict[str, Any]:
    return {f"/{SERVICE_NAME}/{name}": handler for name in names}


def _never(*_: object) -> bytes:
    raise AssertionError("Ray's proxy routes calls to replicas")


def _retelling(handler: Any) -> Any:
    """Return a handler of Ray's that retells what Ray says by itself."""

    async def answer(message: bytes, context: Any) -> bytes:
        reply = await handler.unary_unary(message, context)
        _retell(context)
        return reply

    async def stream(messages: AsyncIterator[bytes], context: Any) -> AsyncGenerator[bytes]:
        async for reply in handler.stream_stream(messages, context):
            yield reply
        _retell(context)

    return handler._replace(unary_unary=answer, stream_stream=stream)


def _retell(context: Any) -> None:
    """Put our word for a status in the place of Ray's; a replica's own comes with details."""
    error = _MEANT.get(context.code())
    if error is None or any(key == DETAILS_KEY for key, _ in context.trailing_metadata()):
        return
    status = encode_status(error)
    context.set_code(CODES[status.code])
    context.set_details(status.message)
    context.set_trailing_metadata(((DETAILS_KEY, status.details),))
