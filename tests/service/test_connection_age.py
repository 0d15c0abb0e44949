"""gRPC connections end after a while, and no call notices; callers may ping them meanwhile."""

from __future__ import annotations

from threading import Event

import grpc
import pytest

from lossgrad.endpoints import COMPUTE
from lossgrad.exchange import Exchange
from lossgrad_service.grpc_api import handlers, options
from lossgrad_service.runtime.settings import Settings
from tests.running import PATIENCE_SECONDS, channel_to, running_server
from tests.service.raw_grpc import PING, frame, greeting, until_heard
from tests.service.test_draining import ONE_ROW
from tests.service.test_draining import connected as connection_to
from tests.service.under_way import exchange

DEFENCES = dict(options._DEFENCES)


@pytest.fixture(params=[100])
def short_lived(monkeypatch, request):
    """A server whose connections are told to end after some milliseconds."""
    changed = {**DEFENCES, "grpc.max_connection_age_ms": request.param}
    monkeypatch.setattr(options, "_DEFENCES", tuple(changed.items()))
    with running_server() as running:
        yield running


def test_calls_go_on_over_the_ends_of_connections(short_lived, monkeypatch):
    peers, call_of = set(), handlers.call_of

    def noting(context, *arguments):
        peers.add(context.peer())
        return call_of(context, *arguments)

    monkeypatch.setattr(handlers, "call_of", noting)
    with channel_to(short_lived.grpc) as channel:
        compute = channel.unary_unary(COMPUTE.rpc)
        answers = {compute(ONE_ROW)}
        while len(peers) < 4:
            answers.add(compute(ONE_ROW))
    assert len(answers) == 1


@pytest.mark.parametrize("short_lived", [1000], indirect=True)  # it has to be seen connected
def test_a_stream_outlasts_its_connection(short_lived):
    """Its caller is told that the connection takes no more calls while it is half sent."""
    connected, told = Event(), Event()

    def note(state):
        if state is grpc.ChannelConnectivity.READY:
            connected.set()
        elif connected.is_set():
            told.set()

    def paused(messages):
        yield next(messages)
        assert told.wait(PATIENCE_SECONDS)
        yield from messages

    with channel_to(short_lived.grpc) as channel:
        channel.subscribe(note)
        answers = list(channel.stream_stream(Exchange.rpc)(paused(iter(exchange().messages()))))
    assert answers


def test_callers_may_ping_as_often_as_they_like(short_lived):
    """Other servers end the connection of one that pings without calls."""
    with connection_to(short_lived.grpc) as connection:
        connection.sendall(greeting() + frame(PING, 0, 0, b"anybody?") * 100)
        until_heard(connection)


def test_no_call_is_cut_by_age():
    grace = DEFENCES["grpc.max_connection_age_grace_ms"] / 1000
    assert grace >= Settings().max_call_seconds
    # The largest stream over the network of a usual machine, 1 Gbit/s.
    assert grace * 125e6 >= Settings().max_stream_bytes
