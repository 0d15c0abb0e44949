"""What a server does while every one of its threads computes."""

from __future__ import annotations

import asyncio
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import Queue
from threading import Event, Thread
from urllib.parse import urlsplit

import numpy as np
import pytest

import lossgrad
from lossgrad.errors import TooLarge
from lossgrad_service import core
from lossgrad_service.calls import Dispatcher
from tests.running import PATIENCE_SECONDS, running_server
from tests.service.web import call, compute

LARGE_ROWS = 2**13
"""Rows that are too many to be computed on the event loop."""


def batch(rows, classes):
    return {"scores": np.ones((rows, classes), np.float32), "labels": np.zeros(rows, np.int64)}


def body(rows, classes):
    return json.dumps({name: v.tolist() for name, v in batch(rows, classes).items()}).encode()


class Computations:
    """`core.compute` whose calls on large batches take until `release`."""

    def __init__(self, compute):
        self.classes: list[int] = []
        self.entered, self.release = Event(), Event()
        self._compute = compute

    def __call__(self, problem, **options):
        self.classes.append(problem.n_classes)
        self.entered.set()
        assert problem.n_rows < LARGE_ROWS or self.release.wait(PATIENCE_SECONDS)
        return self._compute(problem, **options)


@contextmanager
def busy_server(monkeypatch):
    """Yield a server of one thread, which computes, and its computations."""
    computations = Computations(core.compute)
    monkeypatch.setattr(core, "compute", computations)
    with running_server(compute_threads=1) as running, lossgrad.Client(running.grpc) as client:
        first = Thread(target=client.compute, kwargs=batch(LARGE_ROWS, 4), daemon=True)
        first.start()
        try:
            assert computations.entered.wait(PATIENCE_SECONDS)
            yield running, computations
        finally:
            computations.release.set()
            first.join(PATIENCE_SECONDS)


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_busy_server_tells_what_it_is(monkeypatch, protocol):
    with (
        busy_server(monkeypatch) as (running, _),
        lossgrad.Client(running.server.addresses[protocol]) as client,
    ):
        assert client.info(timeout=PATIENCE_SECONDS).compute_threads == 1


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_quick_call_is_answered_while_every_thread_computes(monkeypatch, protocol):
    with (
        busy_server(monkeypatch) as (running, computations),
        lossgrad.Client(running.server.addresses[protocol]) as client,
    ):
        result = client.compute(**batch(1, 2), timeout=PATIENCE_SECONDS)
        assert result.loss == pytest.approx(np.log(2))
        assert set(result.timing) == {"decode", "compute", "encode"}
        assert computations.classes == [4, 2]


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_large_call_waits_for_a_thread(monkeypatch, protocol):
    queued = Event()
    run = Dispatcher.run_soon

    async def observed(*arguments):
        asyncio.get_running_loop().call_soon(queued.set)
        return await run(*arguments)

    with (
        busy_server(monkeypatch) as (running, computations),
        lossgrad.Client(running.server.addresses[protocol]) as client,
        ThreadPoolExecutor(1) as callers,
    ):
        monkeypatch.setattr(Dispatcher, "run_soon", observed)
        waiting = callers.submit(client.compute, **batch(LARGE_ROWS, 3))
        assert queued.wait(PATIENCE_SECONDS)
        client.compute(**batch(1, 2))
        assert computations.classes == [4, 2]
        computations.release.set()
        assert waiting.result(PATIENCE_SECONDS).loss == pytest.approx(np.log(3))
        assert computations.classes == [4, 2, 3]


MANY_LISTS = {"scores": [[1]] * 4000, "labels": [0] * 4000, "want": ["loss"]}
LARGE_ANSWER = {"scores": [[1] * 200], "h1": [[1] * 200], "labels": [0], "want": ["dW2"]}


@pytest.mark.parametrize("document", [MANY_LISTS, LARGE_ANSWER], ids=["lists", "answer"])
def test_short_body_that_takes_long_waits_for_a_thread(monkeypatch, document):
    queued = Event()
    run = Dispatcher.run_soon

    async def observed(*arguments):
        asyncio.get_running_loop().call_soon(queued.set)
        return await run(*arguments)

    assert len(json.dumps(document)) < 2**16
    with busy_server(monkeypatch) as (running, computations), ThreadPoolExecutor(1) as callers:
        monkeypatch.setattr(Dispatcher, "run_soon", observed)
        waiting = callers.submit(compute, running.http, document)
        assert queued.wait(PATIENCE_SECONDS)
        assert computations.classes == [4]
        computations.release.set()
        assert waiting.result(PATIENCE_SECONDS).status == 200


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_answer_of_a_quick_call_needs_room(protocol):
    problem = {**batch(1, 400), "h1": np.ones((1, 400), np.float32), "want": ["dw2"]}
    with (
        running_server(admission_bytes=2**19) as running,
        lossgrad.Client(running.server.addresses[protocol]) as client,
    ):
        with pytest.raises(TooLarge) as caught:
            client.compute(**problem)
        assert caught.value.limit == "admission_bytes"


def test_queued_call_whose_caller_left_is_not_computed(monkeypatch):
    events: Queue[str] = Queue()
    run = Dispatcher.run_soon

    async def observed(*arguments):
        working = asyncio.ensure_future(run(*arguments))
        asyncio.get_running_loop().call_soon(events.put, "queued")
        try:
            return await working
        except asyncio.CancelledError:
            events.put("cancelled")
            raise

    with busy_server(monkeypatch) as (running, computations):
        monkeypatch.setattr(Dispatcher, "run_soon", observed)
        with abandoned_call(running.http):
            assert events.get(timeout=PATIENCE_SECONDS) == "queued"
        assert events.get(timeout=PATIENCE_SECONDS) == "cancelled"
        computations.release.set()
        headers = {"content-type": "application/json"}
        assert call(f"{running.http}/v1/compute", body(LARGE_ROWS, 2), headers).status == 200
        assert computations.classes == [4, 2]


@contextmanager
def abandoned_call(base):
    """Send a whole call and leave without its answer at the block's end."""
    parts, sent = urlsplit(base), body(LARGE_ROWS, 3)
    head = (
        "POST /v1/compute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(sent)}\r\n\r\n"
    )
    address = (parts.hostname, parts.port)
    with socket.create_connection(address, PATIENCE_SECONDS) as connection:
        connection.sendall(head.encode() + sent)
        yield
