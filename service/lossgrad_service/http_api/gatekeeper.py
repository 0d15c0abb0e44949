"""The gate, as calls over HTTP come through it."""

from __future__ import annotations

from typing import Final, cast

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from lossgrad.errors import LossGradError
from lossgrad_service.access.open_endpoints import OPEN_ENDPOINTS
from lossgrad_service.access.tokens import token_in
from lossgrad_service.admission import Gate, Visit
from lossgrad_service.http_api.call_scope import call_of
from lossgrad_service.http_api.refusing import refusal

_NOBODY: Final = ("unknown", 0)


class Gatekeeper:
    """ASGI middleware: every call is let in, or refused before its body is read.

    It stands before the routes: who may not enter learns nothing of what there is.
    """

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call, which holds its bytes until its answer was taken."""
        if scope["path"] in OPEN_ENDPOINTS:
            await self._app(scope, receive, send)
            return
        call = call_of(Request(scope))
        try:
            visit = call.visit = self._enter(scope)
        except LossGradError as error:
            call.failed(error)
            await refusal(scope, error)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            visit.leave()

    def _enter(self, scope: Scope) -> Visit:
        shown = Headers(scope=scope).getlist("authorization")
        host, _ = scope["client"] or _NOBODY
        return self._gate.enter(token_in(shown), host)


def visit_of(request: Request) -> Visit:
    """Return the visit that a call makes."""
    return cast(Visit, call_of(request).visit)
