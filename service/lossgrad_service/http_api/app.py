"""The FastAPI application: what every path of the service does."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from lossgrad.codecs.server_timing import KEY, encode_timing
from lossgrad_service.admission import Gate, Visit
from lossgrad_service.calls import Call, Dispatcher, Method
from lossgrad_service.http_api import methods
from lossgrad_service.http_api.body import check_media_type
from lossgrad_service.http_api.call_scope import METRICS_PATH, CallScope
from lossgrad_service.http_api.coding import GZIPPED
from lossgrad_service.http_api.connections.protocol import HANG_UP
from lossgrad_service.http_api.disconnect import unless_gone
from lossgrad_service.http_api.document import Document
from lossgrad_service.http_api.errors import add_error_handlers
from lossgrad_service.http_api.gatekeeper import Gatekeeper, visit_of
from lossgrad_service.http_api.open_inference.routes import add_open_inference
from lossgrad_service.http_api.openapi import (
    CHECK,
    COMPUTE,
    DESCRIPTION,
    HEALTHZ,
    INFO,
    READYZ,
    add_schemas,
)
from lossgrad_service.http_api.page_routes import add_page
from lossgrad_service.http_api.ready import require_ready
from lossgrad_service.http_api.receiving import Receiver
from lossgrad_service.metrics import CONTENT_TYPE

JsonMethod: TypeAlias = Method[Document, Any, Any, bytes]


def create_app(dispatcher: Dispatcher, gate: Gate, metrics: Callable[[], bytes]) -> FastAPI:
    """Return the application that serves `dispatcher` behind a gate, and the metrics of it."""
    app = FastAPI(
        title="lossgrad",
        description=DESCRIPTION,
        version=dispatcher.service.describe().version,
        # FastAPI's own pages load their scripts from a CDN.
        docs_url=None,
        redoc_url=None,
        # A redirect would be the one answer that is no problem document.
        redirect_slashes=False,
    )
    app.router.route_class = PlainRoute
    # The one that is added last stands first.
    app.add_middleware(Gatekeeper, gate=gate)
    app.add_middleware(CallScope, dispatcher=dispatcher)
    add_error_handlers(app)
    paths = Paths(dispatcher, metrics)
    app.add_api_route("/v1/compute", paths.compute, methods=["POST"], **COMPUTE)
    app.add_api_route("/v1/check", paths.check, methods=["POST"], **CHECK)
    app.add_api_route("/v1/info", paths.info, **INFO)
    app.add_api_route("/healthz", paths.healthz, **HEALTHZ)
    app.add_api_route("/readyz", paths.readyz, **READYZ)
    for path, probe in (("/healthz", paths.healthz), ("/readyz", paths.readyz)):
        app.add_api_route(path, probe, methods=["HEAD"], include_in_schema=False)
    app.add_api_route(METRICS_PATH, paths.metrics, include_in_schema=False)
    add_open_inference(app, dispatcher)
    add_page(app)
    add_schemas(app)
    return app


class PlainRoute(APIRoute):
    """A route whose endpoint is given the request and returns the response, as in Starlette.

    FastAPI describes it in OpenAPI as any other, and does nothing in a call.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the endpoint."""
        return self.endpoint


class Paths:
    """One method for each path."""

    def __init__(self, dispatcher: Dispatcher, metrics: Callable[[], bytes]) -> None:
        self._dispatcher = dispatcher
        self._receiver = Receiver(dispatcher)
        self._metrics = metrics

    async def compute(self, request: Request) -> Response:
        """``POST /v1/compute``."""
        return await self._run(methods.COMPUTE, request)

    async def check(self, request: Request) -> Response:
        """``POST /v1/check``."""
        return await self._run(methods.CHECK, request)

    async def _run(self, method: JsonMethod, request: Request) -> Response:
        """Answer a body by a method."""
        check_media_type(request)
        visit, call = visit_of(request), self._receiver.call_of(request)
        body = await self._receiver.body_of(request, visit, call, GZIPPED)
        call.received = len(body)
        answering = self._answer(method, call, visit, body)
        text = await unless_gone(request, answering, call.deadline)
        visit.be_answered(len(text), request.scope["state"][HANG_UP])
        return _answer(text, call)

    async def _answer(self, method: JsonMethod, call: Call, visit: Visit, body: bytearray) -> bytes:
        """Return the answer to a body, for whose values there is room before they are read."""
        document = await self._receiver.document_of(body, call)
        await visit.admit(document.parsing_bytes, call.deadline)
        return await self._dispatcher.answer(method, call, visit, document)

    async def info(self, request: Request) -> Response:
        """``GET /v1/info``."""
        call = self._receiver.call_of(request)
        work = partial(methods.info, self._dispatcher.service, call)
        return _answer(await self._dispatcher.run_at_once(call, work), call)

    async def healthz(self, _request: Request) -> Response:
        """``GET /healthz``: the process is alive if it answers at all."""
        return JSONResponse({"status": "alive"})

    async def readyz(self, _request: Request) -> Response:
        """``GET /readyz``: 503 while the server is starting or draining."""
        require_ready(self._dispatcher.readiness)
        return JSONResponse({"status": "ready"})

    async def metrics(self, _request: Request) -> Response:
        """``GET /metrics``: what Prometheus reads, of all workers."""
        return Response(self._metrics(), media_type=CONTENT_TYPE)


def _answer(text: bytes, call: Call) -> Response:
    call.answered(len(text))
    timing = encode_timing(call.phases)
    return Response(text, headers={KEY: timing}, media_type="application/json")
