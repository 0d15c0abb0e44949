"""Replicas that die under calls: callers get their answers all the same, and the same bits."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Event, Lock

import numpy as np
import pytest
import ray
from ray.util import list_named_actors

import lossgrad
from lossgrad import client as one_server
from lossgrad.errors import Unavailable
from lossgrad.sharded import client as several_servers
from lossgrad.transports import open_transport
from tests.behaviour import problems
from tests.clusters.conftest import REPLICAS, Cluster
from tests.running import PATIENCE_SECONDS

LOST = 1
"""Calls that are lost, at least; a client has the tokens for 10."""

CALLERS = 4
ONE_MESSAGE = problems.labelled("scores", rows=500, classes=500, dtype=np.float32)
STREAMED = problems.labelled("h1", rows=3000, classes=400, hidden=400, dtype=np.float32)
WAYS: dict[str, tuple[Callable[[Cluster], lossgrad.Client], dict]] = {
    "one message over gRPC": (lambda cluster: lossgrad.Client(cluster.grpc), ONE_MESSAGE),
    "a stream": (lambda cluster: lossgrad.Client(cluster.grpc), STREAMED),
    "HTTP": (lambda cluster: lossgrad.Client(cluster.http), ONE_MESSAGE),
    "parts": (lambda cluster: lossgrad.ShardedClient([cluster.grpc] * REPLICAS), STREAMED),
}


class Counts:
    """How many attempts were answered, and how many were lost."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.answered = self.lost = 0

    def add(self, *, answered: int = 0, lost: int = 0) -> None:
        with self._lock:
            self.answered += answered
            self.lost += lost


class Counted:
    """A transport whose attempts are counted."""

    def __init__(self, transport, counts: Counts) -> None:
        self._transport = transport
        self._counts = counts
        self.close = transport.close

    def send(self, endpoint, request, timeout):
        try:
            reply = self._transport.send(endpoint, request, timeout)
        except Unavailable:
            self._counts.add(lost=1)
            raise
        self._counts.add(answered=1)
        return reply


@pytest.fixture
def counts(monkeypatch) -> Counts:
    """Those of all clients that are made from now on."""
    counts = Counts()
    for module in (one_server, several_servers):
        monkeypatch.setattr(
            module, "open_transport", lambda *way: Counted(open_transport(*way), counts)
        )
    return counts


def call_until(over: Event, client: lossgrad.Client, problem: dict) -> None:
    """Call until it is over; every answer has the bits of the first."""
    first = bits_of(client.compute(**problem))
    while not over.is_set():
        assert bits_of(client.compute(**problem)) == first


def bits_of(result: lossgrad.Result) -> tuple[object, ...]:
    return result.scalars, *(array.tobytes() for array in result.arrays.values())


def kill_one() -> None:
    """Kill a replica, maybe one that only starts."""
    named = (actor["name"] for actor in list_named_actors(all_namespaces=True))
    name = min(name for name in named if name.startswith("SERVE_REPLICA::"))
    with suppress(ValueError):  # it has died meanwhile
        ray.kill(ray.get_actor(name, namespace="serve"))


def kill_under_calls(counts: Counts, calling: list[Future[None]]) -> None:
    """Kill replicas until calls have been lost, each once callers had answers after the last."""
    end = time.monotonic() + PATIENCE_SECONDS
    while counts.lost < LOST:
        answered = counts.answered
        while counts.answered < answered + 2 * CALLERS:
            assert time.monotonic() < end
            assert not any(each.done() for each in calling)
            time.sleep(0.01)
        kill_one()


@pytest.mark.parametrize("way", WAYS)
def test_a_replica_that_dies_costs_nobody_an_answer(cluster, counts, way):
    made, problem = WAYS[way]
    over = Event()
    with made(cluster) as client, ThreadPoolExecutor(CALLERS) as threads:
        work = partial(call_until, over, client, problem)
        calling = [threads.submit(work) for _ in range(CALLERS)]
        try:
            kill_under_calls(counts, calling)
        finally:
            over.set()
        for each in calling:
            each.result(PATIENCE_SECONDS)
