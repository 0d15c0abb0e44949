"""Answers that their callers do not read, and that are cut where others need the room."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event

import grpc
import pytest

from lossgrad.v1 import lossgrad_pb2 as pb
from lossgrad_service.admission import Visit
from tests.admission.gates import until
from tests.metrics.reading import value_in
from tests.running import PATIENCE_SECONDS
from tests.service.raw_http import Wire, head
from tests.service.test_http_limits import LARGE_ANSWER
from tests.service.web import call

COMPUTE = "/lossgrad.v1.LossGradService/Compute"
ROWS, CLASSES = 4096, 1024
"""Of an answer of 16 MiB, which no network holds."""


@contextmanager
def unread_over_grpc(running):
    scores = pb.Tensor(dtype=pb.DTYPE_F32, shape=[ROWS, CLASSES], data=bytes(4 * ROWS * CLASSES))
    labels = pb.Tensor(dtype=pb.DTYPE_U8, shape=[ROWS], data=bytes(ROWS))
    request = pb.ComputeRequest(scores=scores, labels=labels).SerializeToString()
    of_any_size = [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(running.grpc, of_any_size) as channel:
        # It ends with the last that knows it.
        calling = channel.unary_stream(COMPUTE)(request)
        yield
        calling.cancel()


@contextmanager
def unread_over_http(running):
    with Wire(running.http, SO_RCVBUF=4096) as wire:
        wire.send(head(f"Content-Length: {len(LARGE_ANSWER)}"), LARGE_ANSWER)
        yield


@pytest.fixture
def answered(monkeypatch):
    """Is set once an answer is on its way."""
    on_its_way, be_answered = Event(), Visit.be_answered

    def observed(*arguments):
        be_answered(*arguments)
        on_its_way.set()

    monkeypatch.setattr(Visit, "be_answered", observed)
    return on_its_way


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("transport", "unread"), [("grpc", unread_over_grpc), ("http", unread_over_http)]
)
def test_cut_answers_are_counted_as_refusals(gated, answered, transport, unread):
    def told(name, **labels):
        return value_in(call(f"{gated.running.http}/metrics").text, name, **labels)

    def ended(code):
        labels = {"method": "Compute", "transport": transport, "code": code}
        return told("lossgrad_requests_total", **labels)

    def is_cut():
        if gated.taken:
            gated.need_room()
        return ended("RESOURCE_EXHAUSTED") == 1

    with unread(gated.running):
        assert answered.wait(PATIENCE_SECONDS)
        until(is_cut)
    assert ended("OK") == 0
    assert told("lossgrad_refusals_total", cause="late_caller") == 1
