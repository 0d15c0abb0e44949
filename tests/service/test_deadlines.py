"""Time limits of callers, which hold on the server too, and of the server towards callers."""

from __future__ import annotations

from itertools import chain
from threading import Event

import grpc
import numpy as np
import pytest

import lossgrad
from lossgrad.codecs.request_timeout import HEADER
from lossgrad.endpoints import CHECK, COMPUTE
from lossgrad.errors import DeadlineExceeded
from lossgrad.exchange import Exchange
from lossgrad.v1 import lossgrad_pb2 as pb
from lossgrad_service.grpc_api.patience import Patience
from lossgrad_service.http_api import receiving
from tests.running import PATIENCE_SECONDS, channel_to, ready_channel_to, running_server
from tests.service.test_stream_flow import large_call, once_set
from tests.service.under_way import (
    BODY,
    CHECK_BODY,
    CHECK_MESSAGE,
    ENDED,
    GIVEN_UP,
    LARGE,
    MESSAGE,
    SOON,
    bugs_in,
    exchange,
    watched,
)
from tests.service.web import JSON, call

IDLE = 1.0
"""Seconds, for which a caller may be silent."""


@pytest.fixture(scope="module")
def one_thread():
    with running_server(compute_threads=1) as running:
        yield running


def unary(running, endpoint=COMPUTE, message=MESSAGE):
    with ready_channel_to(running.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(endpoint.rpc)(message, timeout=SOON)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def check(running):
    unary(running, CHECK, CHECK_MESSAGE)


def stream(running):
    with ready_channel_to(running.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        list(channel.stream_stream(Exchange.rpc)(exchange().messages(), timeout=SOON))
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def post(running, endpoint=COMPUTE, body=BODY):
    answer = call(running.http + endpoint.http_path, body, {**JSON, HEADER: str(SOON)})
    assert answer.status == 504
    assert "time ran out before its answer" in answer.json["detail"]


def post_check(running):
    post(running, CHECK, CHECK_BODY)


@pytest.mark.parametrize(
    ("way", "ends"),
    [
        (unary, GIVEN_UP),
        (stream, GIVEN_UP),
        (check, GIVEN_UP),
        (post, ENDED),
        (post_check, ENDED),
    ],
)
def test_a_deadline_ends_what_is_under_way(one_thread, monkeypatch, caplog, way, ends):
    with watched(monkeypatch) as computations:
        way(one_thread)
        assert computations.begun.is_set()
        with lossgrad.Client(one_thread.grpc, timeout=PATIENCE_SECONDS) as client:
            assert client.compute(**LARGE.problem.inputs).n_rows == LARGE.problem.n_rows
    assert computations.raised
    assert {type(error) for error in computations.raised} <= ends
    assert not bugs_in(caplog)


@pytest.mark.parametrize("seconds", ["0", "0.0"])
def test_a_deadline_that_is_over_already(running, seconds):
    small = b'{"scores": [[1.0, 2.0]], "labels": [0]}'
    assert call(f"{running.http}/v1/compute", small, {**JSON, HEADER: seconds}).status == 504


def test_a_time_limit_that_is_none(running):
    answer = call(f"{running.http}/v1/compute", BODY, {**JSON, HEADER: "soon"})
    assert answer.status == 400
    assert HEADER in answer.json["detail"]


def test_the_client_tells_how_long_it_waits(running, monkeypatch):
    told, decode = [], receiving.decode_timeout

    def recorded(text):
        told.append(decode(text))
        return told[-1]

    monkeypatch.setattr(receiving, "decode_timeout", recorded)
    with lossgrad.Client(running.http, timeout=7) as client:
        client.info()
    assert told
    assert all(6 < seconds <= 7 for seconds in told)


@pytest.fixture(scope="module")
def impatient():
    with running_server(compute_threads=1, idle_seconds=IDLE) as running:
        yield running


@pytest.mark.parametrize("sent", [0, 1, 2])
def test_a_stream_whose_caller_sends_nothing(impatient, sent):
    messages, over = exchange().messages(), Event()
    begun = [next(messages) for _ in range(sent)]
    with channel_to(impatient.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        list(channel.stream_stream(Exchange.rpc)(chain(begun, once_set(over))))
    over.set()
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert "idle_seconds = 1 s of this stream no message came" in caught.value.details()


def test_a_stream_whose_caller_reads_nothing(impatient, monkeypatch):
    ended, until_taken = Event(), Patience.until_taken

    async def observed(*arguments):
        try:
            return await until_taken(*arguments)
        except DeadlineExceeded:
            ended.set()
            raise

    monkeypatch.setattr(Patience, "until_taken", observed)
    with channel_to(impatient.grpc) as channel:
        answers = channel.stream_stream(Exchange.rpc)(Exchange(large_call()).messages())
        assert ended.wait(PATIENCE_SECONDS)
        with pytest.raises(grpc.RpcError) as caught:
            list(answers)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert "no answer was read" in caught.value.details()


def test_time_that_the_server_takes_is_not_its_callers(impatient, monkeypatch):
    with watched(monkeypatch) as computations, channel_to(impatient.grpc) as channel:
        answers = channel.stream_stream(Exchange.rpc)(exchange().messages())
        assert computations.begun.wait(PATIENCE_SECONDS)
        assert not computations.is_over.wait(2 * IDLE)
        computations.is_over.set()
        assert list(answers)


@pytest.fixture
def declared():
    """The messages before the rows of a stream."""
    messages = exchange().messages()
    return [next(messages) for _ in range(2)]


FILLING = b"\xfa\x3f\x80\x20" + bytes(2**12)
"""A field that nobody knows, with 4 KiB."""

BESIDE = {
    "nothing": (b"", "must have either open or chunks"),
    "a padded message": (
        pb.ComputeStreamRequest(
            chunks=[pb.InputChunk(input=pb.INPUT_H1, data=np.ones(64, np.float32).tobytes())]
        ).SerializeToString()
        + FILLING,
        "bytes that are no data",
    ),
}


@pytest.mark.parametrize("case", BESIDE)
def test_messages_with_no_data_or_with_much_beside(running, declared, case):
    message, words = BESIDE[case]
    with channel_to(running.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        list(channel.stream_stream(Exchange.rpc)(iter([*declared, message])))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert words in caught.value.details()
