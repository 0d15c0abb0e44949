"""What Ray's proxies say by themselves, and in whose words callers hear it; without Ray."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import grpc
import pytest

from lossgrad.codecs.server_timing import KEY
from lossgrad.codecs.status import DETAILS_KEY, encode_status
from lossgrad.endpoints import COMPUTE
from lossgrad.errors import Busy, Internal, LossGradError, Unavailable
from lossgrad.transports.channels import read_error
from lossgrad_service.calls.request_id import HEADER
from lossgrad_service.grpc_api.handlers import SERVICE_NAME
from lossgrad_service.ray_serve.middleware import middlewares
from lossgrad_service.ray_serve.routed import Routed
from tests.running import PATIENCE_SECONDS, channel_to, event_loop

METHODS = {"unary": COMPUTE.rpc, "stream": f"/{SERVICE_NAME}/ComputeStream"}
BUG = encode_status(Internal("a bug", request_id="7"))


class Proxy:
    """Ends calls with a code as Ray's proxy does, in the handlers' places."""

    def __init__(self, code: grpc.StatusCode, details: str, trailing=()) -> None:
        self._code, self._details, self._trailing = code, details, trailing

    async def unary(self, message: bytes, context) -> bytes:
        self._end(context)
        return message

    async def stream(self, messages: AsyncIterator[bytes], context) -> AsyncIterator[bytes]:
        async for message in messages:
            yield message
        self._end(context)

    def _end(self, context) -> None:
        context.set_code(self._code)
        context.set_details(self._details)
        context.set_trailing_metadata(self._trailing)


@contextmanager
def serving(proxy: Proxy) -> Iterator[grpc.Channel]:
    async def start() -> tuple[grpc.aio.Server, int]:
        routed = Routed()
        routed._method_handlers = {
            path: handler._replace(unary_unary=proxy.unary, stream_stream=proxy.stream)
            for path, handler in routed._method_handlers.items()
        }
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((routed,))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    with event_loop() as loop:
        server, port = asyncio.run_coroutine_threadsafe(start(), loop).result(PATIENCE_SECONDS)
        with channel_to(f"127.0.0.1:{port}") as channel:
            yield channel
        asyncio.run_coroutine_threadsafe(server.stop(None), loop).result(PATIENCE_SECONDS)


def call(channel: grpc.Channel, way: str) -> list[bytes]:
    if way == "unary":
        return [channel.unary_unary(METHODS[way])(b"one")]
    return list(channel.stream_stream(METHODS[way])(iter([b"one", b"two"])))


def error_of(proxy: Proxy, way: str) -> LossGradError:
    with serving(proxy) as channel, pytest.raises(grpc.RpcError) as caught:
        call(channel, way)
    return read_error(caught.value)


@pytest.mark.parametrize("way", METHODS)
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.INTERNAL, Unavailable),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, Busy),
        (grpc.StatusCode.UNAVAILABLE, Unavailable),
    ],
)
def test_what_ray_says_by_itself(way, code, kind):
    assert type(error_of(Proxy(code, "The actor died unexpectedly"), way)) is kind


@pytest.mark.parametrize("way", METHODS)
def test_a_replica_that_is_lost_once_it_has_answered(way):
    told = ((HEADER, "7"), (KEY, "compute;dur=1"))
    error = error_of(Proxy(grpc.StatusCode.INTERNAL, "The actor died unexpectedly", told), way)
    assert isinstance(error, Unavailable)


@pytest.mark.parametrize("way", METHODS)
def test_what_a_replica_says_is_left_as_it_is(way):
    trailing = ((HEADER, "7"), (DETAILS_KEY, BUG.details))
    error = error_of(Proxy(grpc.StatusCode.INTERNAL, BUG.message, trailing), way)
    assert isinstance(error, Internal)
    assert (error.message, error.request_id) == ("a bug", "7")


def test_answers_are_left_as_they_are():
    with serving(Proxy(grpc.StatusCode.OK, "")) as channel:
        assert [call(channel, way) for way in METHODS] == [[b"one"], [b"one", b"two"]]


def test_methods_that_nobody_knows():
    with serving(Proxy(grpc.StatusCode.OK, "")) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(f"/{SERVICE_NAME}/Unknown")(b"")
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def answered(app, path: str = "/v1/compute") -> list[dict]:
    """Return what is sent where Ray's HTTP proxy is an ASGI application."""
    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)

    async def run() -> None:
        (middleware,) = middlewares()
        await middleware.cls(app)({"type": "http", "path": path, "headers": []}, None, send)

    asyncio.run(run())
    return sent


async def silent(_scope, _receive, _send) -> None:
    """Leave a call without an answer."""


def test_a_call_over_http_that_ray_leaves_without_an_answer():
    start, *bodies = answered(silent)
    body = json.loads(b"".join(each["body"] for each in bodies))
    assert start["status"] == 503
    assert (b"x-content-type-options", b"nosniff") in start["headers"]
    assert body["type"] == "urn:lossgrad:error:unavailable"
    assert answered(silent, "/v2/health/ready")[0]["status"] == 503


def test_other_answers_over_http_are_left_as_they_are():
    answer = [
        {"type": "http.response.start", "status": 500, "headers": []},
        {"type": "http.response.body", "body": b"own"},
    ]

    async def app(_scope, _receive, send) -> None:
        for message in answer:
            await send(message)

    assert answered(app) == answer
