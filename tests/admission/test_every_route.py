"""One gate for every endpoint: whoever adds one without it fails here."""

from __future__ import annotations

import grpc
import pytest
from fastapi import FastAPI
from grpc.aio import _server as grpc_server

from lossgrad.v1 import lossgrad_pb2
from lossgrad_service.access.open_endpoints import OPEN_ENDPOINTS
from lossgrad_service.http_api import server as http_server
from tests.access.files import entry
from tests.running import channel_to, running_server
from tests.service.web import call

TOKEN = "lossgrad_good"
TOKENS = {"none": None, "wrong": "lossgrad_wrong", "good": TOKEN}


class Seen:
    """The routes of the application, and the methods that gRPC was given."""

    def __init__(self) -> None:
        self.routes: list[tuple[str, str]] = []
        self.methods: list[str] = []

    def take_app(self, app: FastAPI) -> FastAPI:
        for route in app.routes:
            self.routes += [(method, route.path) for method in route.methods]
        return app

    def take_handlers(self, handlers) -> None:
        for handler in handlers:
            self.methods += getattr(handler, "_method_handlers", {})


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        found = Seen()
        create_app, add = http_server.create_app, grpc_server.Server.add_generic_rpc_handlers

        def added(self, handlers):
            found.take_handlers(handlers)
            add(self, handlers)

        patch.setattr(http_server, "create_app", lambda *given: found.take_app(create_app(*given)))
        patch.setattr(grpc_server.Server, "add_generic_rpc_handlers", added)
        keys = tmp_path_factory.mktemp("keys") / "keys.toml"
        keys.write_text(entry("a", TOKEN))
        with running_server(keys_file=keys) as running:
            yield running, found


def status_of(running, method, path, token):
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    body = b"{}" if method == "POST" else None
    return call(running.http + path, body, headers, method).status


def code_of(channel, method, token):
    shown = [] if token is None else [("authorization", f"Bearer {token}")]
    answers = channel.stream_stream(method)(iter([b""]), metadata=shown)
    try:
        next(answers, None)
        # A watch goes on for as long as somebody watches.
        while not method.endswith("/Watch") and next(answers, None) is not None:
            pass
    except grpc.RpcError as error:
        return error.code()
    finally:
        answers.cancel()
    return grpc.StatusCode.OK


def is_let_in(path, name):
    return name == "good" or path in OPEN_ENDPOINTS


def test_there_is_something_to_walk(seen):
    _, found = seen
    ours = {method for method in found.methods if method.startswith("/lossgrad.v1.")}
    assert {method.rpartition("/")[2] for method in ours} >= {"Compute", "CheckGradients"}
    assert any("ServerReflection" in method for method in found.methods)
    assert {path for _, path in found.routes} >= {"/v1/compute", "/v1/check", "/openapi.json"}


@pytest.mark.parametrize("name", TOKENS)
def test_every_path_comes_through_the_gate(seen, name):
    running, found = seen
    for method, path in [*found.routes, ("GET", "/docs"), ("GET", "/"), ("GET", "/v1/../healthz")]:
        status = status_of(running, method, path, TOKENS[name])
        assert (status != 401) is is_let_in(path, name), (method, path)


@pytest.mark.parametrize("name", TOKENS)
def test_every_method_comes_through_the_gate(seen, name):
    running, found = seen
    [service] = lossgrad_pb2.DESCRIPTOR.services_by_name.values()
    described = [f"/{service.full_name}/{method.name}" for method in service.methods]
    with channel_to(running.grpc) as channel:
        for method in {*found.methods, *described, "/grpc.health.v1.Health/Nope", "/a/b", "/x"}:
            code = code_of(channel, method, TOKENS[name])
            is_in = code is not grpc.StatusCode.UNAUTHENTICATED
            assert is_in is is_let_in(method, name), method


def test_who_is_in_learns_that_there_is_nothing(seen):
    running, _ = seen
    assert status_of(running, "GET", "/nope", TOKEN) == 404
    with channel_to(running.grpc) as channel:
        assert code_of(channel, "/a/b", TOKEN) is grpc.StatusCode.UNIMPLEMENTED
