"""Streams whose callers do not read: they make room, but not while they compute."""

from __future__ import annotations

import socket
from contextlib import contextmanager

import numpy as np
import pytest

from lossgrad.compute_call import ComputeCall
from lossgrad.exchange import Exchange
from lossgrad_service.grpc_api import stream_handler
from tests.admission.gates import MEBIBYTE, until
from tests.running import PATIENCE_SECONDS, channel_to
from tests.service.processes import address_of
from tests.service.raw_grpc import DATA, END_STREAM, frame, greeting, head, message
from tests.service.replies import BLOCKS, blocks, exchange_of, held

REPLY_BYTES = 2 * MEBIBYTE

pytestmark = pytest.mark.usefixtures("impatient")


@contextmanager
def unread(gated, monkeypatch, *, is_whole):
    """Begin a stream whose first reply is on its way, for which the caller has no room."""
    address = address_of(f"//{gated.running.grpc}")
    with (
        socket.create_connection(address, PATIENCE_SECONDS) as connection,
        held(gated.running, monkeypatch) as replies,
    ):
        replies.let_through()
        messages = [message(each, length=len(each)) for each in Exchange(short()).messages()]
        connection.sendall(greeting(window=0) + head(Exchange.rpc) + b"".join(messages))
        if is_whole:
            connection.sendall(frame(DATA, END_STREAM, 1))
        assert replies.is_sent.wait(PATIENCE_SECONDS)
        yield


whole = pytest.mark.parametrize("is_whole", [True, False], ids=["all sent", "not all sent"])


@whole
def test_a_stream_that_nobody_reads_makes_room(gated, monkeypatch, is_whole):
    def is_free():
        gated.need_room()
        return not gated.taken

    with unread(gated, monkeypatch, is_whole=is_whole):
        until(is_free)


@whole
def test_a_stream_that_was_ended_unread_holds_its_reply_only(serve, monkeypatch, is_whole):
    gated = serve(idle_seconds=1.0)
    with unread(gated, monkeypatch, is_whole=is_whole):
        until(lambda: REPLY_BYTES <= gated.taken < REPLY_BYTES + 100)
    gated.until_free()


def short():
    """Return a call of which each message is a frame, with a reply of 2 MiB."""
    n_rows, n_classes = 512, REPLY_BYTES // 4 // 512
    layer = {"h1": np.ones((n_rows, 1), np.float32), "w2": np.ones((1, n_classes), np.float32)}
    rest = {"labels": np.zeros(n_rows, np.int64), "want": ["dscores"]}
    return ComputeCall.of(layer | rest, None)


def test_nobody_is_late_while_the_server_computes(gated, monkeypatch):
    monkeypatch.setattr(stream_handler, "SMALL_BYTES", 0)
    with channel_to(gated.running.grpc) as channel, held(gated.running, monkeypatch) as replies:
        replies.goes_on.clear()
        exchange = exchange_of(blocks())
        answers = channel.stream_stream(exchange.rpc)(exchange.messages())
        assert replies.is_sent.wait(PATIENCE_SECONDS)
        assert replies.is_held.wait(PATIENCE_SECONDS)
        for _ in range(20):  # looks at who is late
            gated.need_room()
        replies.let_through()
        replies.goes_on.set()
        assert len(list(answers)) == BLOCKS + 1
    gated.until_free()
