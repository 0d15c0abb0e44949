"""Whatever calls begin to hold is let go, at whatever moment their callers leave."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack
from itertools import product
from typing import get_args

from lossgrad.endpoints import CHECK, COMPUTE
from lossgrad.exchange import Exchange
from lossgrad_service.metrics.catalogue import MethodName, Resource, Transport
from tests.admission.gates import until
from tests.metrics.reading import value_in
from tests.running import PATIENCE_SECONDS, channel_to, running_server
from tests.service.processes import address_of, head_of
from tests.service.under_way import BODY, CHECK_MESSAGE, MESSAGE, exchange
from tests.service.web import call, compute

TIMES = 25
MANY = 4
"""Calls of each kind that are under way at a time."""


def begin_unary(endpoint, message, channel):
    begun = channel.unary_unary(endpoint.rpc).future(message)
    return begun.cancel


def begin_stream(channel):
    begun = channel.stream_stream(Exchange.rpc)(iter(exchange().messages()))
    return begun.cancel


def begin_post(target, share):
    connection = socket.create_connection(address_of(target), PATIENCE_SECONDS)
    sent = head_of(BODY) + BODY
    connection.sendall(sent[: int(share * len(sent))])
    return connection.close


def held(running):
    """Return what is under way, waits, or holds bytes."""
    text = call(f"{running.http}/metrics").text
    ways = product(get_args(MethodName), get_args(Transport))
    yield value_in(text, "lossgrad_admission_held_bytes")
    for resource in get_args(Resource):
        yield value_in(text, "lossgrad_waiting_calls", resource=resource)
    for method, transport in ways:
        yield value_in(text, "lossgrad_in_flight_calls", method=method, transport=transport)


def test_what_was_begun_is_released():
    drawn = random.Random(9)
    with running_server(compute_threads=1) as running, channel_to(running.grpc) as channel:
        for _ in range(TIMES):
            with ExitStack() as leaving:
                begun = [begin_stream(channel) for _ in range(MANY)]
                for endpoint, message in ((COMPUTE, MESSAGE), (CHECK, CHECK_MESSAGE)):
                    begun += [begin_unary(endpoint, message, channel) for _ in range(MANY)]
                begun += [begin_post(running.http, drawn.random()) for _ in range(MANY)]
                drawn.shuffle(begun)
                for leave in begun:
                    leaving.callback(leave)
                for _ in range(drawn.randrange(4)):
                    assert call(f"{running.http}/healthz").status == 200
        until(lambda: not any(held(running)))
        told = call(f"{running.http}/metrics").text
        assert value_in(told, "lossgrad_cancelled_calls_total", cause="caller") > TIMES
        assert compute(running.http, {"scores": [[1, 2]], "labels": [0]}).status == 200
