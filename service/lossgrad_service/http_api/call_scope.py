"""What stands around every call over HTTP: its `Call`, and bugs kept in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lossgrad_service.access.open_endpoints import OPEN_ENDPOINTS
from lossgrad_service.calls import (
    Call,
    Deadline,
    Dispatcher,
    Head,
    accept_request_id,
    error_of_ours,
)
from lossgrad_service.calls.request_id import HEADER as REQUEST_ID
from lossgrad_service.calls.traceparent import HEADER as TRACEPARENT
from lossgrad_service.calls.traceparent import trace_in
from lossgrad_service.http_api.connections.protocol import REFUSAL
from lossgrad_service.http_api.open_inference.paths import method_at
from lossgrad_service.http_api.refusing import refusal
from lossgrad_service.metrics.catalogue import MethodName
from lossgrad_service.page import FILES

METRICS_PATH: Final = "/metrics"

_METHODS: Final[Mapping[str, MethodName]] = {
    "/v1/compute": "Compute",
    "/v1/check": "CheckGradients",
    "/v1/info": "GetServerInfo",
}

_UNCOUNTED: Final = frozenset({METRICS_PATH, *OPEN_ENDPOINTS, *(file.path for file in FILES)})
"""Paths that machines ask every few seconds, and files of a page: lines that nobody would read."""

_CALL: Final = "call"

_LEAST_ERROR: Final = 400


class CallScope:
    """ASGI middleware: makes the call, tells its request id, and has it counted and logged."""

    def __init__(self, app: ASGIApp, dispatcher: Dispatcher) -> None:
        self._app = app
        self._observer = dispatcher.observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        call = scope.setdefault("state", {})[_CALL] = self._call_of(scope)
        if scope["path"] in _UNCOUNTED:
            await self._serve(call, scope, receive, send)
            self._count_failure(call)
            return
        self._observer.begin(call)
        try:
            await self._serve(call, scope, receive, send)
        finally:
            self._observer.end(call)

    def _count_failure(self, call: Call) -> None:
        """Count what is not counted otherwise, such as a scrape with a wrong key."""
        if call.failure is not None:
            self._observer.begin(call)
            self._observer.end(call)

    @staticmethod
    def _call_of(scope: Scope) -> Call:
        headers = Headers(scope=scope)
        path = scope["path"]
        method: MethodName = _METHODS.get(path) or method_at(path) or "unknown"
        head = Head(method, "http", trace_in(headers.get(TRACEPARENT)))
        return Call(accept_request_id(headers.get(REQUEST_ID)), Deadline(), head)

    async def _serve(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((REQUEST_ID.encode(), call.request_id.encode()))
                call.is_answered |= message["status"] < _LEAST_ERROR
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            ours = error_of_ours(error, call.request_id)
            call.failed(ours)
            await refusal(scope, ours)(scope, receive, send_with_id)
        else:
            _note_refusal(call, scope)


def _note_refusal(call: Call, scope: Scope) -> None:
    """Note that a call failed by what its connection told its caller, where that spoke up."""
    refusal = scope["state"].get(REFUSAL)
    if refusal is not None:
        call.failed(refusal)


def call_of(request: Request) -> Call:
    """Return the call that a request makes."""
    return request.scope["state"][_CALL]
