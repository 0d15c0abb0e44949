"""The gate over gRPC, for stock callers and for our own."""

from __future__ import annotations

import threading
from itertools import chain

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

import lossgrad
from lossgrad.compute_call import ComputeCall
from lossgrad.errors import Busy, InvalidArgument, TooLarge
from lossgrad.exchange import Exchange
from lossgrad.transports.channels import read_error
from lossgrad.types import limits
from lossgrad_service.admission import patience
from lossgrad_service.grpc_api.stream_handler import ROOM_BYTES
from lossgrad_service.runtime.settings import LEAST_ADMISSION
from lossgrad_service.server import Server
from tests.admission.gates import HEALTHY, MEBIBYTE, UNTOLD_BYTES, no_line, until
from tests.running import PATIENCE_SECONDS, channel_to
from tests.service.test_queue import LARGE_ROWS, batch, busy_server

COMPUTE = "/lossgrad.v1.LossGradService/Compute"
INFO = "/lossgrad.v1.LossGradService/GetServerInfo"
SIZE = "x-lossgrad-request-bytes"


@pytest.fixture
def channel(gated):
    with channel_to(gated.running.grpc) as channel:
        yield channel


def error_of(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def silent(release):
    """Send nothing until the event is set."""
    release.wait(PATIENCE_SECONDS)
    yield from ()


def test_busy_says_when_to_come_again(gated, channel):
    filled = gated.fill()
    error = error_of(lambda: channel.unary_unary(COMPUTE)(b""))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    [packed] = rpc_status.from_call(error).details
    hint = error_details_pb2.RetryInfo()
    assert packed.Unpack(hint)
    assert hint.retry_delay.ToMilliseconds() == 100
    assert dict(error.trailing_metadata())["grpc-retry-pushback-ms"] == "100"
    gated.empty(filled)
    assert channel.unary_unary(INFO)(b"")
    gated.until_free()


def test_our_client_tries_again(gated, refused):
    filled = gated.fill()
    with lossgrad.Client(gated.running.grpc) as client:
        waiting = client.compute_future(**HEALTHY)
        assert refused.get(timeout=PATIENCE_SECONDS).retry_after
        gated.empty(filled)
        assert waiting.result(PATIENCE_SECONDS).n_rows == 1


def test_a_declared_size_is_held_before_the_message_comes(gated, channel):
    release = threading.Event()
    call = channel.stream_unary(COMPUTE).future(silent(release), metadata=[(SIZE, "5000000")])
    gated.until_held(5_000_000)
    release.set()
    error = read_error(error_of(call.result))
    assert isinstance(error, InvalidArgument)
    assert "no message came" in str(error)
    gated.until_free()


@pytest.mark.parametrize("told", ["-1", "1e3", "", "99999999999", "ten"])
def test_a_size_that_is_none_tells_nothing(gated, channel, told):
    release = threading.Event()
    call = channel.stream_unary(COMPUTE).future(silent(release), metadata=[(SIZE, told)])
    gated.until_held(UNTOLD_BYTES)
    release.set()
    assert error_of(call.result).code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_message_longer_than_declared_is_refused(gated, channel):
    method = channel.unary_unary(COMPUTE)
    error = read_error(error_of(lambda: method(bytes(9), metadata=[(SIZE, "8")])))
    assert isinstance(error, InvalidArgument)
    assert "9 bytes" in str(error)
    gated.until_free()


@pytest.mark.parametrize(
    ("told", "limit"), [(70 * MEBIBYTE, "max_request_bytes"), (60 * MEBIBYTE, "admission_bytes")]
)
def test_what_never_fits_is_refused_unsent(channel, told, limit):
    release = threading.Event()
    call = channel.stream_unary(COMPUTE)
    error = error_of(lambda: call(silent(release), metadata=[(SIZE, str(told))]))
    release.set()
    error = read_error(error)
    assert isinstance(error, TooLarge)
    assert error.limit == limit


def test_an_answer_that_never_fits_is_refused_before_it_is_computed(serve):
    small = serve(admission_bytes=2 * MEBIBYTE)
    call = ComputeCall.of(
        {"h1": np.zeros((600, 1)), "w2": np.zeros((1, 600)), "targets": np.ones((600, 600)) / 600},
        None,
    )
    with lossgrad.Client(small.running.grpc) as client, pytest.raises(TooLarge) as caught:
        client.compute(**call.problem.inputs, want=["probs"])
    assert caught.value.limit == "admission_bytes"


def test_only_the_first_of_two_messages_is_read(gated, channel):
    assert channel.stream_unary(INFO)(iter([b"", b"\xff"]))
    gated.until_free()


@pytest.mark.parametrize("message", [b"", b"\xff"])
def test_a_call_that_fails_leaves_nothing(gated, channel, message):
    error_of(lambda: channel.unary_unary(COMPUTE)(message))
    gated.until_free()


def test_a_call_that_is_cancelled_leaves_nothing(gated, channel):
    release = threading.Event()
    call = channel.stream_unary(COMPUTE).future(silent(release))
    gated.until_held(UNTOLD_BYTES)
    call.cancel()
    gated.until_free()
    release.set()


def test_a_connection_that_breaks_leaves_nothing(gated):
    release = threading.Event()
    with channel_to(gated.running.grpc) as channel:
        _call = channel.stream_unary(COMPUTE).future(silent(release))  # ends when it is let go of
        gated.until_held(UNTOLD_BYTES)
    gated.until_free()
    release.set()


@pytest.mark.usefixtures("impatient")
def test_callers_that_say_nothing_keep_nobody_out(serve, monkeypatch):
    gated = serve(admission_bytes=60 * MEBIBYTE)
    monkeypatch.setattr(patience, "LONGEST_WAIT", 2.0)
    release = threading.Event()
    with channel_to(gated.running.grpc) as channel, lossgrad.Client(gated.running.grpc) as client:
        silence = channel.stream_unary(COMPUTE)
        calls = [silence.future(silent(release)) for _ in range(5)]
        until(lambda: sum(call.done() for call in calls) == 4)
        assert client.compute(**HEALTHY).n_rows == 1
        [kept] = [call for call in calls if not call.done()]
        needed = str(25 * MEBIBYTE)
        other = silence.future(silent(release), metadata=[(SIZE, needed)])
        assert isinstance(read_error(error_of(kept.result)), Busy)
        release.set()
        assert error_of(other.result)
    gated.until_free()


@pytest.mark.usefixtures("impatient")
def test_a_call_without_a_deadline_has_the_servers(serve):
    gated = serve(max_call_seconds=0.05)
    release = threading.Event()
    with channel_to(gated.running.grpc) as channel:
        error = error_of(lambda: channel.stream_unary(COMPUTE)(silent(release)))
    release.set()
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    gated.until_free()


def large_stream():
    scores = np.broadcast_to(np.zeros(1, np.float32), (2**12, 2**12))
    return ComputeCall.of({"scores": scores, "labels": np.zeros(2**12, np.int64)}, None)


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_a_stream_holds_its_room_from_its_opening_to_its_end(gated, channel, is_cancelled):
    exchange, release = Exchange(large_stream()), threading.Event()
    opening = next(exchange.messages())
    call = channel.stream_stream(exchange.rpc)(chain([opening], silent(release)))
    gated.until_held(limits.held_bytes(large_stream().problem) + ROOM_BYTES)
    if is_cancelled:
        call.cancel()
        release.set()
    else:
        release.set()
        assert "0 of its 32768 bytes" in error_of(lambda: next(call)).details()
    gated.until_free()


def test_a_stream_fits_into_the_smallest_budget_there_is_by_default(serve):
    small = serve(admission_bytes=LEAST_ADMISSION)
    with lossgrad.Client(small.running.grpc) as client:
        scores = np.zeros((1_100, 1_000), np.float32)
        assert client.compute(scores=scores, labels=np.zeros(1_100, np.int64)).n_rows == 1_100
    small.until_free()


def test_a_stream_is_refused_where_there_is_no_room(serve):
    small = serve(admission_bytes=MEBIBYTE)
    exchange = Exchange(large_stream())
    with channel_to(small.running.grpc) as channel:
        error = error_of(lambda: next(channel.stream_stream(exchange.rpc)(exchange.messages())))
    assert isinstance(read_error(error), TooLarge)
    small.until_free()


def test_a_call_is_refused_where_every_slot_is_used(monkeypatch):
    monkeypatch.setattr("lossgrad_service.server.Slots", no_line)
    with (
        busy_server(monkeypatch) as (running, computations),
        channel_to(running.grpc) as channel,
        lossgrad.Client(running.grpc) as client,
    ):
        exchange = Exchange(ComputeCall.of(batch(LARGE_ROWS, 3), None))
        error = error_of(lambda: next(channel.stream_stream(exchange.rpc)(exchange.messages())))
        assert isinstance(read_error(error), Busy)
        assert client.compute(**HEALTHY).n_rows == 1
        assert computations.classes == [4, 2]


def test_a_large_message_is_refused_before_it_comes_where_every_slot_is_used(monkeypatch):
    monkeypatch.setattr("lossgrad_service.server.Slots", no_line)
    release = threading.Event()
    with busy_server(monkeypatch) as (running, _), channel_to(running.grpc) as channel:
        told = [(SIZE, str(3 * MEBIBYTE))]
        call = channel.stream_unary(COMPUTE).future(silent(release), metadata=told)
        error = error_of(call.result)
        release.set()
    assert isinstance(read_error(error), Busy)


def test_the_gate_is_one_for_both_adapters(serve, monkeypatch):
    made = []
    gate = Server._gate
    monkeypatch.setattr(Server, "_gate", lambda *of: made.append(gate(*of)) or made[-1])
    running = serve().running
    with lossgrad.Client(running.grpc) as one, lossgrad.Client(running.http) as other:
        assert one.info().version == other.info().version
    assert len(made) == 1
