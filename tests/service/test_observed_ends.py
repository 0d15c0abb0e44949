"""How calls are counted that end before their answer, by whatever ends them."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

import lossgrad
from lossgrad_service import core
from lossgrad_service.admission import Visit
from lossgrad_service.calls import Deadline
from lossgrad_service.calls.observer import EARLY_SECONDS
from lossgrad_service.grpc_api import stream_handler
from lossgrad_service.grpc_api.compute_stream import ComputeStream
from tests.admission.gates import HEALTHY, until
from tests.metrics.reading import value_of
from tests.running import PATIENCE_SECONDS, channel_to, ready_channel_to, running_server
from tests.service.raw_http import CHUNKED, Wire, head, server_within
from tests.service.test_http_limits import QUICK
from tests.service.under_way import exchange

COMPUTE = "/lossgrad.v1.LossGradService/Compute"
STREAM = "/lossgrad.v1.LossGradService/ComputeStream"

REQUESTS = "lossgrad_requests_total"
CANCELLED = "lossgrad_cancelled_calls_total"
REFUSED = "lossgrad_refusals_total"
IN_FLIGHT = "lossgrad_in_flight_calls"


@pytest.fixture
def running():
    with running_server() as started:
        yield started


def counted(running, name, **labels):
    """Return a number, also of a server that has ended."""
    return value_of(running.server._place.slab, name, **labels)


def until_ended(running, method, transport, code):
    until(lambda: counted(running, REQUESTS, method=method, transport=transport, code=code) == 1)
    assert counted(running, IN_FLIGHT, method=method, transport=transport) == 0


def causes(running, name):
    """Return how often each cause was counted that was counted at all."""
    labels = {
        CANCELLED: ("caller", "deadline", "shutdown"),
        REFUSED: ("late_caller", "too_large", "memory"),
    }[name]
    found = {cause: counted(running, name, cause=cause) for cause in labels}
    return {cause: count for cause, count in found.items() if count}


def silence_until(over):
    """Send nothing until the event is set."""
    over.wait(PATIENCE_SECONDS)
    yield from ()


@contextmanager
def unsent_over_grpc(running):
    """Begin a call whose message does not come, and leave at the block's end."""
    over = threading.Event()
    with channel_to(running.grpc) as channel:
        calling = channel.stream_unary(COMPUTE).future(silence_until(over))
        yield
        calling.cancel()
        over.set()


@contextmanager
def unsent_over_http(running):
    """Begin a call whose body does not come, and leave at the block's end."""
    with Wire(running.http) as wire:
        wire.send(head("Content-Length: 9"))
        yield


UNSENT = pytest.mark.parametrize(
    ("transport", "unsent"), [("grpc", unsent_over_grpc), ("http", unsent_over_http)]
)


def until_begun(running, transport):
    until(lambda: counted(running, IN_FLIGHT, method="Compute", transport=transport) == 1)


# What the connection refuses


def test_a_body_that_comes_too_late(monkeypatch):
    with (
        server_within(monkeypatch, {"body": QUICK}) as running,
        Wire(running.http) as wire,
    ):
        assert wire.send(head("Content-Length: 100"), b"{").answer().status == 408
        until_ended(running, "Compute", "http", "DEADLINE_EXCEEDED")
    assert causes(running, CANCELLED) == {"deadline": 1}


@pytest.mark.parametrize(
    "malformed", [b"x", b"0\r\n" + b"X-Trailer: 1\r\n" * 50_000], ids=["chunk", "trailers"]
)
def test_a_body_that_is_malformed(running, malformed):
    with Wire(running.http) as wire:
        assert wire.send_what_is_taken(CHUNKED, malformed).answer().status == 400
        until_ended(running, "Compute", "http", "INVALID_ARGUMENT")
    assert causes(running, CANCELLED) == {}


# Callers that leave


def test_who_leaves_a_stream(running, monkeypatch):
    """gRPC tells first that no more comes, which alone would be a mistake; here it takes long."""
    ended, last_replies = threading.Event(), ComputeStream.last_replies

    def observed(stream):
        ended.set()
        return last_replies(stream)

    monkeypatch.setattr(ComputeStream, "last_replies", observed)
    monkeypatch.setattr(stream_handler, "CANCELLED_WITHIN", PATIENCE_SECONDS)
    with channel_to(running.grpc) as channel:
        calling = channel.stream_stream(STREAM)(iter([next(exchange().messages())]))
        assert ended.wait(PATIENCE_SECONDS)
        calling.cancel()
        until_ended(running, "ComputeStream", "grpc", "CANCELLED")
    assert causes(running, CANCELLED) == {"caller": 1}


# The end of the server


@UNSENT
def test_what_the_server_cuts(transport, unsent):
    with ExitStack() as callers:
        with running_server(shutdown_grace_seconds=0.1) as running:
            callers.enter_context(unsent(running))
            until_begun(running, transport)
        until_ended(running, "Compute", transport, "CANCELLED")
    assert causes(running, CANCELLED) == {"shutdown": 1}


@UNSENT
def test_who_leaves_a_draining_server(running, transport, unsent):
    with unsent(running):
        until_begun(running, transport)
        running.on_loop(running.server.drain())
    until_ended(running, "Compute", transport, "CANCELLED")
    assert causes(running, CANCELLED) == {"caller": 1}


# Deadlines


@pytest.mark.parametrize("path", [COMPUTE, STREAM])
def test_a_deadline_that_grpc_sees_first(running, monkeypatch, path):
    monkeypatch.setattr(Deadline, "remaining", lambda _: EARLY_SECONDS * 0.9)
    over = threading.Event()
    with ready_channel_to(running.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        list(channel.stream_stream(path)(silence_until(over), timeout=1.0))
    over.set()
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    until_ended(running, path.rpartition("/")[2], "grpc", "DEADLINE_EXCEEDED")
    assert causes(running, CANCELLED) == {"deadline": 1}


# Memory


@pytest.mark.parametrize("transport", ["grpc", "http"])
@pytest.mark.parametrize("where", [(core, "compute"), (Visit, "receive")], ids=["work", "way"])
def test_memory_that_runs_out(running, monkeypatch, transport, where):
    def fail(*_, **__):
        raise MemoryError("within")

    monkeypatch.setattr(*where, fail)
    target = getattr(running, transport)
    with lossgrad.Client(target) as client, pytest.raises(lossgrad.TooLarge) as caught:
        client.compute(**HEALTHY)
    assert caught.value.limit == "memory"
    until_ended(running, "Compute", transport, "OUT_OF_RANGE")
    assert causes(running, REFUSED) == {"memory": 1}


# Reflection


def ask(running, question):
    with channel_to(running.grpc) as channel:
        asked = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
        return list(asked(iter([question])))


def test_reflection(running):
    question = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = ask(running, question)
    until_ended(running, "ServerReflectionInfo", "grpc", "OK")
    way = {"method": "ServerReflectionInfo", "transport": "grpc"}
    assert counted(running, "lossgrad_received_bytes_total", **way) == question.ByteSize()
    assert counted(running, "lossgrad_sent_bytes_total", **way) == answer.ByteSize()


def test_reflection_that_is_asked_too_much(running):
    with pytest.raises(grpc.RpcError):
        ask(running, reflection_pb2.ServerReflectionRequest(file_by_filename="a" * 2**13))
    until_ended(running, "ServerReflectionInfo", "grpc", "INVALID_ARGUMENT")
