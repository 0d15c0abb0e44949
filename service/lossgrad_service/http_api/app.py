"""The FastAPI application: what every path of the service does."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from lossgrad.codecs.request_timeout import HEADER, decode_timeout
from lossgrad.codecs.server_timing import KEY, encode_timing
from lossgrad.errors import Unavailable
from lossgrad_service.admission import Gate, Visit
from lossgrad_service.calls import Call, Deadline, Dispatcher, Method
from lossgrad_service.http_api import methods
from lossgrad_service.http_api.body import (
    check_media_type,
    declared_length,
    is_gzip,
    read_body,
)
from lossgrad_service.http_api.call_scope import METRICS_PATH, CallScope, call_of
from lossgrad_service.http_api.connections.protocol import HANG_UP
from lossgrad_service.http_api.disconnect import unless_gone
from lossgrad_service.http_api.document import SMALL_BYTES, Document
from lossgrad_service.http_api.errors import add_error_handlers
from lossgrad_service.http_api.gatekeeper import Gatekeeper, visit_of
from lossgrad_service.http_api.inflate import most_contents
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
from lossgrad_service.metrics import CONTENT_TYPE

JsonMethod: TypeAlias = Method[Document, Any, Any]


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
        visit, call = visit_of(request), self._limited(request)
        body = await self._body_of(request, visit, call)
        call.received = len(body)
        answering = self._answer(method, call, visit, body)
        text = await unless_gone(request, answering, call.deadline)
        visit.be_answered(len(text), request.scope["state"][HANG_UP])
        return _answer(text, call)

    async def _body_of(self, request: Request, visit: Visit, call: Call) -> bytearray:
        """Return the body of a request, for which there is room before it is read."""
        is_compressed, limit = is_gzip(request), self._dispatcher.service.limits.max_request_bytes
        declared = declared_length(request, limit)
        read = partial(read_body, request, limit)
        most = limit if declared is None else declared
        body = await visit.receive(read, declared, most, call.deadline)
        if not is_compressed:
            return body
        await visit.admit(most_contents(body, limit), call.deadline)
        unpacking = self._dispatcher.run_soon(call, partial(methods.unpack, body, limit, call))
        contents = await unless_gone(request, unpacking, call.deadline)
        visit.resize(len(contents))
        return contents

    async def _answer(self, method: JsonMethod, call: Call, visit: Visit, body: bytearray) -> bytes:
        """Return the answer to a body, for whose values there is room before they are read."""
        document = await self._document_of(body, call)
        await visit.admit(document.parsing_bytes, call.deadline)
        return await self._dispatcher.answer(method, call, visit, document)

    async def _document_of(self, body: bytearray, call: Call) -> Document:
        if len(body) <= SMALL_BYTES:
            return Document.of(body)
        return await self._dispatcher.run_soon(call, partial(Document.of, body))

    def _limited(self, request: Request) -> Call:
        """Return the call that a request makes, with the time that it has."""
        call, seconds = call_of(request), decode_timeout(request.headers.get(HEADER))
        call.deadline = Deadline(min(seconds, self._dispatcher.max_call_seconds))
        return call

    async def info(self, request: Request) -> Response:
        """``GET /v1/info``."""
        call = self._limited(request)
        work = partial(methods.info, self._dispatcher.service, call)
        return _answer(await self._dispatcher.run_at_once(call, work), call)

    async def healthz(self, _request: Request) -> Response:
        """``GET /healthz``: the process is alive if it answers at all."""
        return JSONResponse({"status": "alive"})

    async def readyz(self, _request: Request) -> Response:
        """``GET /readyz``: 503 while the server is starting or draining."""
        readiness = self._dispatcher.readiness
        if not readiness.is_ready:
            text = "send calls elsewhere, or once /readyz answers 200"
            raise Unavailable(f"the server is {readiness.state}; {text}")
        return JSONResponse({"status": "ready"})

    async def metrics(self, _request: Request) -> Response:
        """``GET /metrics``: what Prometheus reads, of all workers."""
        return Response(self._metrics(), media_type=CONTENT_TYPE)


def _answer(text: bytes, call: Call) -> Response:
    call.answered(len(text))
    timing = encode_timing(call.phases)
    return Response(text, headers={KEY: timing}, media_type="application/json")
