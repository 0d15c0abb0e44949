"""Proxies that the environment names: nothing goes through them in plain text."""

from __future__ import annotations

import asyncio
import socket

import pytest

from lossgrad import errors
from lossgrad.compute_call import ComputeCall
from lossgrad.endpoints import COMPUTE
from lossgrad.transports import open_async_transport, open_transport
from tests.client.servers import GrpcServer, HttpServer, Script

CALL = ComputeCall.of({"scores": [[1.0, 2.0]], "labels": [0]}, None)
PROXIES = ("grpc_proxy", "http_proxy", "https_proxy", "all_proxy")
EXCEPTIONS = ("no_grpc_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def proxy(monkeypatch):
    """The address of a proxy that takes no connection, and that the environment names."""
    for name in EXCEPTIONS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        for name in PROXIES:
            monkeypatch.setenv(name, f"http://{address}")
            monkeypatch.setenv(name.upper(), f"http://{address}")
        yield address


def send_blocking(target):
    transport = open_transport(target)
    try:
        return transport.send(COMPUTE, CALL, 20)
    finally:
        transport.close()


def send_awaiting(target):
    async def send():
        transport = open_async_transport(target)
        try:
            return await transport.send(COMPUTE, CALL, 20)
        finally:
            await transport.close()

    return asyncio.run(send())


@pytest.fixture(params=[send_blocking, send_awaiting], ids=["blocking", "awaiting"])
def send(request):
    return request.param


@pytest.mark.parametrize("kind", [GrpcServer, HttpServer], ids=["grpc", "http"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plain_targets_are_dialled_themselves(kind, host, send):
    with kind(Script()) as server:
        assert send(server.target.replace("127.0.0.1", host)).loss == 1.5


def test_grpc_over_tls_goes_through_a_proxy(proxy, send):
    with pytest.raises(errors.Unavailable, match=proxy):
        send("grpcs://localhost:1")
