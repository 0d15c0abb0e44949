"""What a server does while every one of its threads computes."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import contextmanager
from queue import Queue
from threading import Event, Thread
from urllib.parse import urlsplit

import pytest

import lossgrad
from lossgrad_service import core
from lossgrad_service.calls import Dispatcher
from tests.running import PATIENCE_SECONDS, running_server
from tests.service.web import call

LARGE, ABANDONED, SMALL = ([[1.0] * classes] for classes in (4, 3, 2))


def body(scores):
    return json.dumps({"scores": scores, "labels": [0]}).encode()


class Computations:
    """`core.compute` whose first call takes until `release`."""

    def __init__(self, compute):
        self.classes: list[int] = []
        self.entered, self.release = Event(), Event()
        self._compute = compute

    def __call__(self, problem):
        self.classes.append(problem.inputs["scores"].shape[1])
        self.entered.set()
        assert self.release.wait(PATIENCE_SECONDS)
        return self._compute(problem)


@contextmanager
def busy_server(monkeypatch):
    """Yield a server of one thread, which computes, and its computations."""
    computations = Computations(core.compute)
    monkeypatch.setattr(core, "compute", computations)
    with running_server(compute_threads=1) as running, lossgrad.Client(running.grpc) as client:
        first = Thread(target=client.compute, kwargs={"scores": LARGE, "labels": [0]}, daemon=True)
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


def test_queued_call_whose_caller_left_is_not_computed(monkeypatch):
    events: Queue[str] = Queue()
    run = Dispatcher.run

    async def observed(*arguments):
        working = asyncio.ensure_future(run(*arguments))
        asyncio.get_running_loop().call_soon(events.put, "queued")
        try:
            return await working
        except asyncio.CancelledError:
            events.put("cancelled")
            raise

    with busy_server(monkeypatch) as (running, computations):
        monkeypatch.setattr(Dispatcher, "run", observed)
        with abandoned_call(running.http):
            assert events.get(timeout=PATIENCE_SECONDS) == "queued"
        assert events.get(timeout=PATIENCE_SECONDS) == "cancelled"
        computations.release.set()
        headers = {"content-type": "application/json"}
        assert call(f"{running.http}/v1/compute", body(SMALL), headers).status == 200
        assert computations.classes == [4, 2]


@contextmanager
def abandoned_call(base):
    """Send a whole call and leave without its answer at the block's end."""
    parts, sent = urlsplit(base), body(ABANDONED)
    head = (
        "POST /v1/compute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(sent)}\r\n\r\n"
    )
    address = (parts.hostname, parts.port)
    with socket.create_connection(address, PATIENCE_SECONDS) as connection:
        connection.sendall(head.encode() + sent)
        yield
