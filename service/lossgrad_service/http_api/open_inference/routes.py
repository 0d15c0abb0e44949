"""The routes of the Open Inference Protocol."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from lossgrad.codecs.server_timing import KEY, encode_timing
from lossgrad.errors import InvalidArgument
from lossgrad.types import InfoRequest
from lossgrad_service.admission import Visit
from lossgrad_service.calls import Call, Dispatcher
from lossgrad_service.http_api.body import check_inference_type
from lossgrad_service.http_api.call_scope import call_of
from lossgrad_service.http_api.coding import COMPRESSED, Coding, asked_for
from lossgrad_service.http_api.connections.protocol import HANG_UP
from lossgrad_service.http_api.disconnect import unless_gone
from lossgrad_service.http_api.gatekeeper import visit_of
from lossgrad_service.http_api.methods import to_text
from lossgrad_service.http_api.open_inference import paths
from lossgrad_service.http_api.open_inference.inferring import INFER, InferAnswer, InferBody
from lossgrad_service.http_api.ready import require_ready
from lossgrad_service.http_api.receiving import Receiver
from lossgrad_service.open_inference.describing import model_metadata, server_metadata
from lossgrad_service.open_inference.models import Model, find_model

HEADER_LENGTH: Final = "inference-header-content-length"
"""The header that tells where JSON ends and the bytes of tensors begin, both ways."""

_DIGITS: Final = 10
"""Of the largest length: bodies have less than 2³¹ bytes."""


def add_open_inference(app: FastAPI, dispatcher: Dispatcher) -> None:
    """Add the paths of the protocol, which it describes itself."""
    serves = InferencePaths(dispatcher)
    gets = {paths.ROOT: serves.server, paths.LIVE: serves.live, paths.READY: serves.ready}
    for model in (paths.MODEL, paths.VERSION):
        gets |= {model: serves.model, f"{model}/ready": serves.model_ready}
        app.add_api_route(f"{model}/infer", serves.infer, methods=["POST"], include_in_schema=False)
    for path, endpoint in gets.items():
        app.add_api_route(path, endpoint, include_in_schema=False)


class InferencePaths:
    """One method for each path."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._receiver = Receiver(dispatcher)

    async def live(self, _request: Request) -> Response:
        """``GET /v2/health/live``: the server is alive if it answers at all."""
        return JSONResponse({"live": True})

    async def ready(self, _request: Request) -> Response:
        """``GET /v2/health/ready``: 503 while the server is starting or draining."""
        require_ready(self._dispatcher.readiness)
        return JSONResponse({"ready": True})

    async def server(self, request: Request) -> Response:
        """``GET /v2``."""
        version = self._dispatcher.service.info(InfoRequest()).version
        return _told(request, server_metadata(version))

    async def model(self, request: Request) -> Response:
        """``GET /v2/models/{model}``, which may go on with ``/versions/{version}``."""
        return _told(request, model_metadata(_model_of(request)))

    async def model_ready(self, request: Request) -> Response:
        """``GET /v2/models/{model}/ready``: 503 as `ready`, 404 for a model that there is not."""
        model = _model_of(request)
        require_ready(self._dispatcher.readiness)
        return _told(request, {"name": model.name, "ready": True})

    async def infer(self, request: Request) -> Response:
        """``POST /v2/models/{model}/infer``."""
        model = _model_of(request)
        check_inference_type(request)
        visit, call = visit_of(request), self._receiver.call_of(request)
        body = await self._receiver.body_of(request, visit, call, COMPRESSED)
        call.received = len(body)
        coding = asked_for(request.headers.get("accept-encoding", ""))
        length = _header_length(request, len(body))
        answering = self._answer(call, visit, body, length, model, coding)
        answer = await unless_gone(request, answering, call.deadline)
        visit.be_answered(len(answer.content), request.scope["state"][HANG_UP])
        return _response(answer, call, coding)

    async def _answer(
        self,
        call: Call,
        visit: Visit,
        body: bytearray,
        length: int,
        model: Model,
        coding: Coding | None,
    ) -> InferAnswer:
        """Return the answer to a body, for whose values there is room before they are read."""
        text, tail = body, memoryview(body)[length:].toreadonly()
        if tail:
            text = body[:length]
        document = await self._receiver.document_of(text, call)
        await visit.admit(document.parsing_bytes, call.deadline)
        message = InferBody(model, document, tail, coding)
        return await self._dispatcher.answer(INFER, call, visit, message)


def _model_of(request: Request) -> Model:
    named = request.path_params
    return find_model(named["model"], named.get("version", ""))


def _header_length(request: Request, size: int) -> int:
    """Return the bytes of JSON that a body of `size` bytes begins with."""
    told = request.headers.get(HEADER_LENGTH)
    if told is None:
        return size
    is_number = told.isascii() and told.isdecimal() and len(told) <= _DIGITS
    if not is_number or int(told) > size:
        text = f"must be a number of bytes up to {size}, those of the body, got {told[:60]!r}"
        raise InvalidArgument.at("", f"the header {HEADER_LENGTH} {text}")
    return int(told)


def _told(request: Request, document: dict[str, Any]) -> Response:
    text = to_text(document)
    call_of(request).answered(len(text))
    return Response(text, media_type="application/json")


def _response(answer: InferAnswer, call: Call, coding: Coding | None) -> Response:
    call.answered(len(answer.content))
    headers = {KEY: encode_timing(call.phases)}
    if coding is not None:
        headers["content-encoding"] = coding.name
    if answer.header_length is None:
        return Response(answer.content, headers=headers, media_type="application/json")
    headers[HEADER_LENGTH] = str(answer.header_length)
    return Response(answer.content, headers=headers, media_type="application/octet-stream")
