"""A service with keys: who shows one is served on every transport, and nobody else is."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from functools import partial
from threading import Event

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

import lossgrad
from lossgrad import errors
from lossgrad.endpoints import COMPUTE, INFO
from tests.access.files import entry
from tests.running import Streaming, channel_to, running_server
from tests.service.processes import head_of
from tests.service.raw_http import Wire
from tests.service.web import JSON, call

ARGUMENTS = {"scores": [[1.0, 2.0]], "labels": [0]}
BODY = json.dumps(ARGUMENTS).encode()
TOKEN, NEXT = "lossgrad_first", "lossgrad_second"
PROTOCOLS = ("gRPC", "HTTP", "Unix")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("keys")


@contextmanager
def serving(path, text, **settings):
    path.write_text(text)
    with running_server(keys_file=path, **settings) as running:
        yield running.server.addresses


@pytest.fixture(scope="module")
def served(folder):
    with serving(folder / "keys.toml", entry("a", TOKEN), unix_socket=folder / "s") as addresses:
        yield addresses


@pytest.fixture
def channel(served):
    with channel_to(served["gRPC"]) as channel:
        yield channel


async def compute_async(target, **options):
    async with lossgrad.AsyncClient(target, **options) as client:
        return await client.compute(**ARGUMENTS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_who_shows_a_key_is_served(served, protocol):
    with lossgrad.Client(served[protocol], token=TOKEN) as client:
        assert client.info().losses
        assert client.check(**ARGUMENTS).ok
        result = client.compute(**ARGUMENTS)
    assert asyncio.run(compute_async(served[protocol], token=TOKEN)).loss == result.loss


def test_streams_show_it_too(served):
    with Streaming(served["gRPC"], token=TOKEN) as client:
        assert client.compute(**ARGUMENTS).n_rows == 1


WAYS = [(lossgrad.Client, protocol) for protocol in PROTOCOLS] + [
    (Streaming, protocol) for protocol in ("gRPC", "Unix")
]


@pytest.mark.parametrize(("make", "protocol"), WAYS)
@pytest.mark.parametrize("options", [{}, {"token": "lossgrad_wrong"}])
def test_who_does_not_is_refused(served, make, protocol, options):
    with make(served[protocol], **options) as client:
        asked = (client.compute, client.check)
        for ask in (client.info, *(partial(method, **ARGUMENTS) for method in asked)):
            with pytest.raises(errors.Unauthenticated, match="authorization: Bearer KEY"):
                ask()


WRONG = {
    "none": [],
    "empty": [""],
    "no token": ["Bearer "],
    "another scheme": [f"Basic {TOKEN}"],
    "no scheme": [TOKEN],
    "wrong": ["Bearer lossgrad_wrong"],
    "in capitals": [f"Bearer {TOKEN.upper()}"],
    "two spaces": [f"Bearer  {TOKEN}"],
    "more": [f"Bearer {TOKEN} x"],
    "too long": ["Bearer " + "x" * 513],
    "twice": [f"Bearer {TOKEN}", f"Bearer {TOKEN}"],
}


@pytest.mark.parametrize("values", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("rpc", [COMPUTE.rpc, INFO.rpc])
def test_what_is_no_key_over_grpc(channel, rpc, values):
    metadata = [("authorization", value) for value in values]
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(rpc)(b"", metadata=metadata)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("values", [*WRONG.values(), ["Bearer tök".encode().decode("latin-1")]])
def test_what_is_no_key_over_http(served, values):
    lines = [f"Authorization: {value}" for value in values]
    with Wire(served["HTTP"]) as wire:
        answer = wire.send(head_of(BODY, *lines), BODY).answer()
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json["status"] == 401


@pytest.mark.parametrize("query", [f"token={TOKEN}", f"access_token={TOKEN}"])
def test_the_query_is_no_place_for_a_key(served, query):
    assert call(f"{served['HTTP']}/v1/info?{query}").status == 401


def test_health_is_open(served, channel):
    for path in ("/healthz", "/readyz"):
        assert call(served["HTTP"] + path).status == 200
    checked = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert checked.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("path", ["/v1/info", "/docs", "/openapi.json", "/metrics", "/", "/none"])
def test_nothing_else_is(served, path):
    answer = call(served["HTTP"] + path)
    assert answer.status == 401
    assert call(served["HTTP"] + path, headers={"authorization": f"Bearer {TOKEN}"}).status != 401


def test_refused_before_the_payload_over_http(served):
    head = head_of(b"x" * 2**25)
    with Wire(served["HTTP"]) as wire:
        assert wire.send(head).answer().status == 401


def test_refused_before_the_payload_over_grpc(channel):
    over = Event()
    try:
        answers = channel.stream_stream(COMPUTE.rpc)(iter(over.wait, True))
        with pytest.raises(grpc.RpcError) as caught:
            list(answers)
    finally:
        over.set()
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_rotation_without_a_restart(tmp_path, monkeypatch, protocol):
    monkeypatch.setattr("lossgrad_service.access.key_file.LOOK_SECONDS", 0)
    path = tmp_path / "keys.toml"
    with (
        serving(path, entry("a", TOKEN)) as addresses,
        lossgrad.Client(addresses[protocol], token=TOKEN) as old,
        lossgrad.Client(addresses[protocol], token=NEXT) as new,
    ):
        assert old.info()
        with pytest.raises(errors.Unauthenticated):
            new.info()
        path.write_text(entry("a", TOKEN) + entry("a", NEXT))
        assert old.compute(**ARGUMENTS).loss == new.compute(**ARGUMENTS).loss
        path.write_text("broken")
        assert old.compute(**ARGUMENTS).loss == new.compute(**ARGUMENTS).loss
        path.write_text(entry("a", NEXT))
        assert new.info()
        with pytest.raises(errors.Unauthenticated):
            old.info()


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_a_quota_of_calls(tmp_path, protocol):
    text = entry("a", TOKEN, calls_per_minute=1) + entry("b", NEXT)
    with serving(tmp_path / "keys.toml", text) as addresses:
        with lossgrad.Client(addresses[protocol], token=TOKEN, timeout=5) as client:
            client.compute(**ARGUMENTS)
            with pytest.raises(errors.Busy, match="the quota of a, its calls_per_minute") as caught:
                client.compute(**ARGUMENTS)
        assert 5 < caught.value.retry_after <= 60
        with lossgrad.Client(addresses[protocol], token=NEXT) as other:
            assert other.compute(**ARGUMENTS)


# Thirty rows of a thousand are 240 kB, and a third more in base64.
@pytest.mark.parametrize(("protocol", "quota"), [("gRPC", 250_000), ("HTTP", 330_000)])
def test_a_quota_of_bytes(tmp_path, protocol, quota):
    text = entry("a", TOKEN, bytes_per_minute=quota)
    large = {"scores": [[1.0] * 1000] * 30, "labels": [0] * 30}
    with (
        serving(tmp_path / "keys.toml", text) as addresses,
        lossgrad.Client(addresses[protocol], token=TOKEN, timeout=5) as client,
    ):
        client.compute(**large)
        with pytest.raises(errors.Busy, match="the quota of a, its bytes_per_minute, is used up"):
            client.compute(**large)
        assert client.compute(**ARGUMENTS)


def test_the_hint_over_http(tmp_path):
    with serving(tmp_path / "keys.toml", entry("a", TOKEN, calls_per_minute=1)) as addresses:
        headers = {**JSON, "authorization": f"Bearer {TOKEN}"}
        first, second = (call(f"{addresses['HTTP']}/v1/compute", BODY, headers) for _ in range(2))
    assert (first.status, second.status) == (200, 429)
    assert 0 < int(second.headers["retry-after"]) <= 60
