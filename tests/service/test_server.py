"""The life of a server: ports, readiness, draining, calls under way at its end."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import weakref
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

import lossgrad
from lossgrad_service import core
from lossgrad_service.grpc_api import GrpcServer
from lossgrad_service.http_api import HttpServer
from lossgrad_service.metrics import Place, Slab
from lossgrad_service.metrics.slab import shared_memory
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.server import Server
from lossgrad_service.workers.ports import reserved_port
from tests.running import PATIENCE_SECONDS, channel_to, running_server
from tests.service.web import call

ONE_ROW = {"scores": [[1.0, 2.0, 3.0]], "labels": [2]}
LARGE = {"scores": np.zeros((2**13, 3), np.float32), "labels": np.zeros(2**13, np.int64)}
"""Too many rows to be computed on the event loop, and too few to be streamed."""


def health(target):
    with channel_to(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        return stub.Check(health_pb2.HealthCheckRequest()).status


def test_starting_server_says_so_and_already_takes_calls(monkeypatch):
    entered, compiled = Event(), Event()

    def slow():
        entered.set()
        compiled.wait(PATIENCE_SECONDS)

    async def scenario():
        server = Server(Settings(grpc_port=0, http_port=0, lame_duck_seconds=0, compute_threads=2))
        starting = asyncio.create_task(server.__aenter__())
        assert await asyncio.to_thread(entered.wait, PATIENCE_SECONDS)
        before = await asyncio.to_thread(probes, server)
        compiled.set()
        await starting
        after = await asyncio.to_thread(probes, server)
        await server.__aexit__()
        return before, after

    monkeypatch.setattr(core, "warm_up", slow)
    before, after = asyncio.run(scenario())
    assert before == (
        200,
        503,
        "the server is starting; send calls elsewhere, or once /readyz answers 200",
        health_pb2.HealthCheckResponse.NOT_SERVING,
        1,
    )
    assert after == (200, 200, None, health_pb2.HealthCheckResponse.SERVING, 1)


def probes(server):
    """Return what the probes of a server say, and whether it takes calls."""
    http, grpc = server.addresses["HTTP"], server.addresses["gRPC"]
    ready = call(f"{http}/readyz")
    with lossgrad.Client(grpc) as client:
        n_rows = client.compute(**ONE_ROW).n_rows
    alive = call(f"{http}/healthz").status
    return alive, ready.status, ready.json.get("detail"), health(grpc), n_rows


def test_server_asked_to_stop_does_not_wait_for_the_compiler(monkeypatch):
    compiled = Event()
    monkeypatch.setattr(core, "warm_up", lambda: compiled.wait(PATIENCE_SECONDS))

    async def scenario():
        server = Server(Settings(grpc_port=0, http_port=0, lame_duck_seconds=0))
        server.request_stop()
        async with server:
            found = await asyncio.to_thread(call, f"{server.addresses['HTTP']}/readyz")
            await server.wait()
        return found.status

    assert asyncio.run(scenario()) == 503
    compiled.set()


def test_where_others_take_calls_it_listens_only_once_it_is_ready(monkeypatch):
    entered, compiled = Event(), Event()

    def slow():
        entered.set()
        compiled.wait(PATIENCE_SECONDS)

    async def scenario(port):
        settings = Settings(grpc_port=0, http_port=port, lame_duck_seconds=0, workers=2)
        server = Server(settings, Place(slab, 1), shares_ports=True)
        starting = asyncio.create_task(server.__aenter__())
        assert await asyncio.to_thread(entered.wait, PATIENCE_SECONDS)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        compiled.set()
        await starting
        _, ready, *_ = await asyncio.to_thread(probes, server)
        await server.__aexit__()
        return ready

    monkeypatch.setattr(core, "warm_up", slow)
    slab = slab_of_two()
    Place(slab, 0).set_ready(True)
    with reserved_port("HTTP", "127.0.0.1", 0) as port:
        assert asyncio.run(scenario(port)) == 200


def slab_of_two():
    descriptor = shared_memory(2)
    try:
        return Slab.at(descriptor, 2)
    finally:
        os.close(descriptor)


def test_server_that_is_replaced_needs_no_lame_duck():
    with running_server(lame_duck_seconds=3600) as running:
        running.loop.call_soon_threadsafe(running.server.retire)


def test_server_that_cannot_warm_up_does_not_start(monkeypatch):
    def broken():
        raise RuntimeError("no compiler")

    monkeypatch.setattr(core, "warm_up", broken)
    with pytest.raises(RuntimeError, match="no compiler"), running_server():
        pass


def test_draining_server_says_so_and_still_takes_calls():
    with running_server() as running:
        running.on_loop(running.server.drain())
        answer = call(f"{running.http}/readyz")
        assert answer.status == 503
        assert answer.json["detail"].startswith("the server is draining; send calls elsewhere, or")
        assert call(f"{running.http}/healthz").status == 200
        assert health(running.grpc) == health_pb2.HealthCheckResponse.NOT_SERVING
        with lossgrad.Client(running.grpc) as client:
            assert client.compute(**ONE_ROW).n_rows == 1


@pytest.mark.parametrize(("protocol", "adapter"), [("gRPC", GrpcServer), ("HTTP", HttpServer)])
def test_call_under_way_finishes(monkeypatch, protocol, adapter):
    entered, stopping = Event(), Event()
    compute, stop = core.compute, adapter.stop

    def slow(problem, **options):
        entered.set()
        stopping.wait(PATIENCE_SECONDS)
        return compute(problem, **options)

    async def telling(self, grace):
        asyncio.get_running_loop().call_soon(stopping.set)
        await stop(self, grace)

    monkeypatch.setattr(core, "compute", slow)
    monkeypatch.setattr(adapter, "stop", telling)
    with (
        running_server() as running,
        ThreadPoolExecutor() as threads,
        lossgrad.Client(running.server.addresses[protocol]) as client,
    ):
        answer = threads.submit(client.compute, **LARGE)
        assert entered.wait(PATIENCE_SECONDS)
        running.request_stop()
        assert answer.result(PATIENCE_SECONDS).n_rows == 2**13


def test_ports_are_free_again_after_the_end():
    with running_server() as first:
        ports = {"grpc_port": first.server.grpc_port, "http_port": first.server.http_port}
    with running_server(**ports) as second:
        assert call(f"{second.http}/readyz").status == 200


@pytest.mark.parametrize(("setting", "name"), [("grpc_port", "gRPC"), ("http_port", "HTTP")])
def test_busy_port_is_told_in_one_line(setting, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(OSError, match=f"^{name} cannot listen on 127.0.0.1:{port}: .*$"),
            running_server(**{setting: port}),
        ):
            pass


def test_another_server_of_ours_does_not_share_the_port(running):
    with (
        pytest.raises(OSError, match="gRPC cannot listen"),
        running_server(grpc_port=running.server.grpc_port),
    ):
        pass


def test_address_that_is_not_ours_is_told():
    with pytest.raises(OSError, match="gRPC cannot listen"), running_server(host="192.0.2.1"):
        pass


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_ipv6_addresses_are_in_brackets():
    with running_server(host="::1") as running:
        assert running.grpc == f"[::1]:{running.server.grpc_port}"
        assert call(f"{running.http}/readyz").status == 200
        assert health(running.grpc) == health_pb2.HealthCheckResponse.SERVING


def test_wait_returns_when_asked_to_stop():
    async def scenario(running):
        running.server.request_stop()
        await asyncio.wait_for(running.server.wait(), 10)

    with running_server() as running:
        running.on_loop(scenario(running))


def test_a_server_that_has_ended_is_let_go():
    with running_server() as running:
        ended = weakref.ref(running.server)
    del running
    gc.collect()
    assert ended() is None
