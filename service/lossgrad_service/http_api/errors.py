"""Errors as problem documents, whatever raised them."""

from __future__ import annotations

import math

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lossgrad.codecs.problem_details import MEDIA_TYPE, encode_problem_details
from lossgrad.errors import LossGradError, Unauthenticated, error_for_http
from lossgrad_service.calls import accept_request_id, internal_error
from lossgrad_service.calls.request_id import HEADER
from lossgrad_service.http_api.methods import to_text


def problem_response(error: LossGradError, status: int | None = None) -> Response:
    """Return the answer for `error`, with `status` where it is not the usual one of its class."""
    body = encode_problem_details(error, status=status)
    return Response(to_text(body), body["status"], _headers_of(error), MEDIA_TYPE)


def _headers_of(error: LossGradError) -> dict[str, str]:
    """Return what HTTP itself wants to be told with an error."""
    if error.retry_after is not None:
        return {"retry-after": str(math.ceil(error.retry_after))}
    if isinstance(error, Unauthenticated):
        return {"www-authenticate": "Bearer"}
    return {}


def add_error_handlers(app: FastAPI) -> None:
    """Answer our own errors and the framework's (404, 405, 415) by problem documents."""

    @app.exception_handler(LossGradError)
    async def answer_ours(_request: Request, error: LossGradError) -> Response:
        return problem_response(error)

    @app.exception_handler(HTTPException)
    async def answer_frameworks(request: Request, error: HTTPException) -> Response:
        text = f"{request.method} {request.url.path}: {error.detail}"
        response = problem_response(error_for_http(error.status_code)(text), error.status_code)
        response.headers.update(error.headers or {})
        return response


class CallScope:
    """ASGI middleware around every call: its request id in and out, and bugs kept in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        sent = dict(scope["headers"]).get(HEADER.encode(), b"").decode("latin-1")
        request_id = scope.setdefault("state", {})["request_id"] = accept_request_id(sent)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((HEADER.encode(), request_id.encode()))
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            response = problem_response(internal_error(error, request_id))
            await response(scope, receive, send_with_id)
