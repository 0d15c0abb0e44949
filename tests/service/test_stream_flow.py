"""Streams that are slow, large or given up: they hold nobody but themselves, and little memory."""

from __future__ import annotations

import asyncio
from contextlib import closing
from itertools import chain, islice
from threading import Event

import numpy as np
import pytest

import lossgrad
from lossgrad.compute_call import ComputeCall
from lossgrad.exchange import Exchange
from lossgrad.known_limits import KnownLimits
from tests.admission.gates import until
from tests.running import PATIENCE_SECONDS, Blocking, channel_to, event_loop, running_server

HEALTHY = {"scores": [[1.0, 2.0]], "labels": [0]}


@pytest.fixture
def client(running):
    with lossgrad.Client(running.grpc) as client:
        yield client


def large_call():
    """Return a call with 1 GiB each way, which takes no memory here until it is answered."""
    scores = np.broadcast_to(np.zeros(1, np.float32), (2**15, 2**13))
    return ComputeCall.of({"scores": scores, "labels": np.zeros(2**15, np.int64)}, None)


class Counted:
    """The messages of a call, counted as they are asked for."""

    def __init__(self, messages):
        self._messages = messages
        self.count = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.count += 1
        return next(self._messages)


def until_still(client, number):
    """Make calls until `number` has not changed for many of them, and return it."""
    last, unchanged = number(), 0
    while unchanged < 100:
        client.compute(**HEALTHY)
        unchanged = unchanged + 1 if number() == last else 0
        last = number()
    return last


def test_a_caller_that_never_reads_is_not_read_from_either(channel, client):
    exchange = Exchange(large_call())
    sent = Counted(exchange.messages())
    call = channel.stream_stream(exchange.rpc)(sent)
    until(lambda: sent.count > 2)
    held = until_still(client, lambda: sent.count)
    assert 1 < held < 40  # of 258 messages
    for _ in range(20):
        exchange.take(next(call))
    assert until_still(client, lambda: sent.count) > held
    call.cancel()


def test_a_caller_that_sends_no_more_holds_nobody(running, client):
    begun = Exchange(large_call()).messages()
    opened, labels = next(begun), next(begun)
    with channel_to(running.grpc) as channel:
        over = Event()
        call = channel.stream_stream(Exchange.rpc)(chain([opened, labels], once_set(over)))
        for _ in range(20):
            assert client.compute(**HEALTHY).n_rows == 1
        over.set()
        with pytest.raises(Exception, match="after 0 of 32768 rows"):
            next(call)


@pytest.mark.parametrize("messages", [1, 2, 3, 8])
def test_a_stream_that_is_given_up_leaves_nothing_behind(running, client, messages):
    before = tasks_of(running)
    exchange, over = Exchange(large_call()), Event()
    with channel_to(running.grpc) as channel:
        sent = Counted(chain(islice(exchange.messages(), messages), once_set(over)))
        call = channel.stream_stream(exchange.rpc)(sent)
        until_still(client, lambda: sent.count)
        until(lambda: tasks_of(running) > before)
        call.cancel()
        over.set()
    while tasks_of(running) > before:
        client.compute(**HEALTHY)


def once_set(event):
    """End, when the event is set."""
    event.wait(PATIENCE_SECONDS)
    yield from ()


def tasks_of(running):
    async def count():
        return len(asyncio.all_tasks())

    return running.on_loop(count())


def test_a_cancelled_task_ends_its_stream(running, client):
    before = tasks_of(running)
    begun, over = Event(), Event()

    async def cancel():
        async with lossgrad.AsyncClient(running.grpc) as waiting:
            task = asyncio.create_task(waiting.compute(**large_call().problem.inputs))
            await asyncio.to_thread(begun.wait, PATIENCE_SECONDS)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    with pytest.MonkeyPatch.context() as patch:
        sent = Exchange.messages
        patch.setattr(Exchange, "messages", lambda self: stalling(sent(self), begun, over))
        asyncio.run(cancel())
    over.set()
    while tasks_of(running) > before:
        client.compute(**HEALTHY)


def stalling(messages, begun, over):
    """Yield the first messages of a stream, and end when `over` is set."""
    yield from islice(messages, 3)
    begun.set()
    yield from once_set(over)


@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_the_status_of_a_stream_that_the_server_ends_is_told(kind):
    """The server ends it at its first message, and most often while the caller still writes."""
    call = large_call()
    with (
        running_server(max_tensor_bytes=2**20) as small,
        event_loop() as loop,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(KnownLimits, "admit", lambda *_: True)
        client = lossgrad.Client(small.grpc) if kind == "blocking" else Blocking(small.grpc, loop)
        with closing(client):
            for _ in range(10):
                with pytest.raises(lossgrad.TooLarge) as caught:
                    client.compute(**call.problem.inputs)
                assert caught.value.limit == "max_tensor_bytes"
