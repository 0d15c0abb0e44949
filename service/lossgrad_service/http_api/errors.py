"""Answers to what goes wrong in an endpoint or before one is found."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from lossgrad.errors import LossGradError, error_for_http
from lossgrad_service.http_api.call_scope import call_of
from lossgrad_service.http_api.refusing import refusal


def add_error_handlers(app: FastAPI) -> None:
    """Answer our own errors and the framework's (404, 405, 415) as the path's protocol has it."""

    @app.exception_handler(LossGradError)
    async def answer_ours(request: Request, error: LossGradError) -> Response:
        call_of(request).failed(error)
        return refusal(request.scope, error)

    @app.exception_handler(HTTPException)
    async def answer_frameworks(request: Request, error: HTTPException) -> Response:
        text = f"{request.method} {request.url.path}: {error.detail}"
        problem = error_for_http(error.status_code)(text)
        call_of(request).failed(problem)
        response = refusal(request.scope, problem, error.status_code)
        response.headers.update(error.headers or {})
        return response
