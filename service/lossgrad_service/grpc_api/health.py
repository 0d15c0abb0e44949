"""``grpc.health.v1.Health``: everybody may ask, and open streams end with the server."""

from __future__ import annotations

import asyncio
from typing import Final

import grpc
from grpc_health.v1 import health
from grpc_health.v1 import health_pb2 as pb

from lossgrad_service.admission import Gate
from lossgrad_service.calls import Call, Dispatcher
from lossgrad_service.grpc_api.batches import write
from lossgrad_service.grpc_api.contexts import (
    Context,
    call_of,
    errors_told,
    metadata_of,
    tell_failure,
)
from lossgrad_service.grpc_api.questions import decode_question
from lossgrad_service.grpc_api.strangers import Strangers

MOST_BYTES: Final = 2**10
"""Of a question, which is the name of a service."""

_Status = pb.HealthCheckResponse.ServingStatus


class Health:
    """One state of several services, NOT_SERVING at first.

    Nobody needs a key, so nobody is trusted: a question is short and comes at once; what
    does not is refused where there is no room for the largest message, and nothing of it is
    kept while a Watch is open. The library's own servicer has gRPC read and keep anything,
    and never ends a Watch, so that one open stream would hold the server for the whole grace.

    Parameters
    ----------
    services
        The names that are known.
    gate
        Has the room for questions.
    dispatcher
        Knows the limits on messages, and how long a caller is waited for.
    """

    def __init__(self, services: tuple[str, ...], gate: Gate, dispatcher: Dispatcher) -> None:
        self._services = services
        self._strangers = Strangers(gate, dispatcher)
        self._most_seconds = dispatcher.idle_seconds
        self._status: _Status = pb.HealthCheckResponse.NOT_SERVING
        self._is_over = False
        self._changed = asyncio.Condition()

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the handler of all its methods, on raw bytes."""
        handlers = {
            "Check": grpc.stream_unary_rpc_method_handler(self._check),
            "Watch": grpc.stream_stream_rpc_method_handler(self._watch),
        }
        return grpc.method_handlers_generic_handler(health.SERVICE_NAME, handlers)

    async def set_serving(self, is_serving: bool) -> None:
        """Tell SERVING or NOT_SERVING from now on."""
        serving, not_serving = pb.HealthCheckResponse.SERVING, pb.HealthCheckResponse.NOT_SERVING
        async with self._changed:
            self._status = serving if is_serving else not_serving
            self._changed.notify_all()

    async def end(self) -> None:
        """End every Watch once it has told the state."""
        async with self._changed:
            self._is_over = True
            self._changed.notify_all()

    async def _check(self, _: object, context: Context) -> bytes:
        """Answer the state of a service, or NOT_FOUND for an unknown one."""
        call = self._call_of(context)
        try:
            is_known = await self._is_known(context, call)
        except Exception as error:
            tell_failure(context, error, call)
            return b""
        if not is_known:
            context.set_code(grpc.StatusCode.NOT_FOUND)
            context.set_details(f"there is no such service; ask for one of {self._services}")
            return b""
        return _told(self._status)

    async def _watch(self, _: object, context: Context) -> None:
        """Answer the state of a service now and whenever it changes."""
        call = self._call_of(context)
        with errors_told(context, call):
            await self._tell_news(await self._is_known(context, call), context)

    def _call_of(self, context: Context) -> Call:
        return call_of(context, metadata_of(context), self._most_seconds)

    async def _is_known(self, context: Context, call: Call) -> bool:
        """Return whether the service that is asked for is known; nothing else is kept of it."""
        message = await self._strangers.message(context, call)
        return decode_question(pb.HealthCheckRequest, message, MOST_BYTES).service in self._services

    async def _tell_news(self, is_known: bool, context: Context) -> None:
        told: _Status | None = None
        while (status := await self._news(is_known, told)) is not None:
            await write(context, _told(status))
            told = status

    async def _news(self, is_known: bool, told: _Status | None) -> _Status | None:
        """Return the state once it is not the one that was told, None if it will never be."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._is_over or self._status_of(is_known) != told)
        status = self._status_of(is_known)
        return status if status != told else None

    def _status_of(self, is_known: bool) -> _Status:
        return self._status if is_known else pb.HealthCheckResponse.SERVICE_UNKNOWN


def _told(status: _Status) -> bytes:
    return pb.HealthCheckResponse(status=status).SerializeToString()
