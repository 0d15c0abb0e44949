"""Closing clients, cancelling calls, and sharing a client between threads and loops."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

import lossgrad
from lossgrad import errors
from lossgrad.exchange import Exchange
from lossgrad.transports import threaded
from lossgrad.transports.pool import DaemonPool
from tests.client.servers import GrpcServer, HttpServer, Script, Stuck, double

ARGUMENTS = {"scores": [[1.0, 2.0]], "labels": [0]}


@pytest.fixture(params=[GrpcServer, HttpServer], ids=["grpc", "http"])
def server_kind(request):
    return request.param


def test_after_close(server_kind):
    with server_kind(Script()) as server:
        client = lossgrad.Client(server.target)
        client.compute(**ARGUMENTS)
        client.close()
        client.close()
        with pytest.raises(errors.InvalidArgument, match="client: is closed; make a new one"):
            client.compute(**ARGUMENTS)


def test_after_close_in_a_loop(server_kind):
    async def run(target):
        client = lossgrad.AsyncClient(target)
        await client.compute(**ARGUMENTS)
        await client.close()
        await client.close()
        with pytest.raises(errors.InvalidArgument, match="client: is closed; make a new one"):
            await client.compute(**ARGUMENTS)

    with server_kind(Script()) as server:
        asyncio.run(run(server.target))


def test_closing_ends_calls_under_way():
    stuck = Stuck()

    with GrpcServer(Script(stuck)) as server:
        client = lossgrad.Client(server.target)
        closer = threading.Thread(target=lambda: (stuck.arrived.wait(20), client.close()))
        closer.start()
        with pytest.raises(errors.InvalidArgument, match="client: is closed"):
            client.compute(**ARGUMENTS)
        stuck.released.set()
        closer.join()


def test_closing_ends_calls_under_way_in_a_loop():
    stuck = Stuck()

    async def run(target):
        client = lossgrad.AsyncClient(target)
        task = asyncio.create_task(client.compute(**ARGUMENTS))
        await asyncio.to_thread(stuck.arrived.wait, 20)
        await client.close()
        with pytest.raises(errors.InvalidArgument, match="client: is closed"):
            await task

    with GrpcServer(Script(stuck)) as server:
        asyncio.run(run(server.target))
        stuck.released.set()


def test_closing_refuses_calls_that_wait_for_a_thread(monkeypatch):
    monkeypatch.setattr(threaded, "THREADS", 1)
    stuck = Stuck()

    async def run(target):
        client = lossgrad.AsyncClient(target)
        tasks = [asyncio.create_task(client.compute(**ARGUMENTS)) for _ in range(4)]
        await asyncio.to_thread(stuck.arrived.wait, 20)
        await client.close()
        stuck.released.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with HttpServer(Script(stuck)) as server:
        first, *others = asyncio.run(run(server.target))
    assert first.loss == 1.5
    assert [type(error) for error in others] == [errors.InvalidArgument] * 3
    assert {str(error) for error in others} == {"client: is closed; make a new one"}


def test_a_pool_that_is_closed_under_a_call(monkeypatch):
    class Closed(DaemonPool):
        def __init__(self, size):
            super().__init__(size)
            self.close()

    monkeypatch.setattr(threaded, "DaemonPool", Closed)
    with pytest.raises(errors.InvalidArgument, match="client: is closed"):
        asyncio.run(lossgrad.AsyncClient("http://localhost:1").compute(**ARGUMENTS))


def test_a_task_that_is_cancelled_is_so_at_once(server_kind):
    stuck = Stuck()

    async def run(target):
        async with lossgrad.AsyncClient(target) as client:
            task = asyncio.create_task(client.compute(**ARGUMENTS))
            await asyncio.to_thread(stuck.arrived.wait, 20)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(task, 5)
            stuck.released.set()

    with server_kind(Script(stuck, double)) as server:
        asyncio.run(run(server.target))


class Slow:
    """Tells when a thread has taken a message, holds it until it is released, and tells the end."""

    def __init__(self):
        self.arrived, self.released = threading.Event(), threading.Event()
        self.left = threading.Event()


@pytest.fixture
def slow(monkeypatch):
    slow, take = Slow(), Exchange.take

    def take_late(exchange, message):
        slow.arrived.set()
        slow.released.wait(20)
        try:
            take(exchange, message)
        finally:
            slow.left.set()

    monkeypatch.setattr(Exchange, "take", take_late)
    yield slow
    slow.released.set()


def large_batch():
    scores = np.zeros((2**10, 2**9), np.float32)
    out = {"dscores": np.full_like(scores, 7)}
    return {"scores": scores, "labels": np.zeros(2**10, np.int8), "out": out}


async def cancel_a_task(client, batch, slow):
    task = client.compute_future(**batch)
    await asyncio.to_thread(slow.arrived.wait, 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def close_a_map(client, batch, slow):
    small = {"scores": [[1.0, 2.0]], "labels": [0]}
    results = client.map([small, batch])
    assert (await anext(results)).n_rows == 1
    await asyncio.to_thread(slow.arrived.wait, 20)
    await results.aclose()


@pytest.mark.parametrize("end", [cancel_a_task, close_a_map])
def test_nothing_is_written_for_who_does_not_wait_any_more(addresses, slow, end):
    async def run(target):
        async with lossgrad.AsyncClient(target) as client:
            batch = large_batch()
            await end(client, batch, slow)
            slow.released.set()
            assert await asyncio.to_thread(slow.left.wait, 20)
            return batch["out"]["dscores"]

    assert (asyncio.run(run(addresses["gRPC"])) == 7).all()


def test_one_async_client_in_several_loops(server_kind):
    with server_kind(Script()) as server:
        client = lossgrad.AsyncClient(server.target)
        for _ in range(3):
            assert asyncio.run(client.compute(**ARGUMENTS)).loss == 1.5
        asyncio.run(client.close())


def test_many_threads(server_kind):
    with server_kind(Script()) as server, lossgrad.Client(server.target) as client:
        losses = []
        threads = [
            threading.Thread(target=lambda: losses.append(client.compute(**ARGUMENTS).loss))
            for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert losses == [1.5] * 16
