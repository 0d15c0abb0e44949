"""Services that fall silent: calls go on over new connections, long before their time is over."""

from __future__ import annotations

import errno
import socket
import threading

import numpy as np
import pytest

from lossgrad import errors
from lossgrad.endpoints import INFO
from lossgrad.transports import open_transport, silence, tcp
from lossgrad.transports.timed_http import open_pools
from tests.client.calling import call, call_awaiting, call_in_pieces
from tests.client.servers import GrpcServer, HttpServer, Script, Stuck
from tests.reliability.proxy import NOTHING_PASSES, End, Fault, proxying
from tests.running import PATIENCE_SECONDS

ON_THE_WAY_THERE = Fault(up=20_000, end=End.SILENT)
ON_THE_WAY_BACK = Fault(down=20_000, end=End.SILENT)


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(silence, "ASKED_AFTER", 0.2)
    monkeypatch.setattr(silence, "SIGN_WITHIN", 0.2)
    monkeypatch.setattr(silence, "GONE_AFTER", 0.2)


@pytest.mark.parametrize(
    ("made", "protocol", "fault"),
    [
        (call, "gRPC", ON_THE_WAY_THERE),
        (call, "gRPC", NOTHING_PASSES),
        (call, "Unix", ON_THE_WAY_BACK),
        (call_in_pieces, "gRPC", ON_THE_WAY_THERE),
        (call_in_pieces, "gRPC", ON_THE_WAY_BACK),
        (call_awaiting, "gRPC", ON_THE_WAY_BACK),
        (call, "HTTP", ON_THE_WAY_BACK),
    ],
)
def test_a_silent_connection_is_replaced(addresses, made, protocol, fault):
    quiet = call(addresses[protocol])
    with proxying(addresses[protocol]) as proxy:
        proxy.plan(fault)
        result = made(proxy.target)
    assert np.array_equal(result.dscores, quiet.dscores)
    assert proxy.accepted >= 2


OURS = [("grpc.http2.max_ping_strikes", 0)]
"""What our own servers permit."""


@pytest.mark.parametrize("serve", [lambda s: GrpcServer(s, options=OURS), HttpServer])
def test_a_long_computation_is_no_silence(serve, monkeypatch):
    monkeypatch.setattr(silence, "SIGN_WITHIN", 2.0)
    stuck = Stuck()
    script = Script(stuck)
    silent = silence.ASKED_AFTER + max(silence.SIGN_WITHIN, silence.GONE_AFTER)
    long = threading.Timer(1.5 * silent, stuck.released.set)
    with serve(script) as server:
        long.start()
        assert call(server.target).loss == 1.5
        long.join()
    assert script.calls == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_that_does_not_greet(scheme):
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        port = listener.getsockname()[1]
        crowd = [_knock(port) for _ in range(4 if scheme == "http" else 0)]
        transport = open_transport(f"{scheme}://127.0.0.1:{port}")
        with pytest.raises(errors.Unavailable, match=r"no connection within 0\.2 s"):
            transport.send(INFO, None, PATIENCE_SECONDS)
        transport.close()
        for one in crowd:
            one.close()


def _knock(port):
    """Begin a connection; where the backlog is full, the system does not answer any more."""
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(("127.0.0.1", port))
    return one


def test_the_system_looks_for_machines_that_are_gone(monkeypatch):
    monkeypatch.undo()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pool = open_pools().connection_from_host("127.0.0.1", listener.getsockname()[1])
        connection = pool._get_conn()
        connection.connect()
        for level, name, value in tcp.socket_options():
            assert connection.sock.getsockopt(level, name) == value
        connection.close()
    assert (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 20_000) in tcp.socket_options()


def test_what_the_system_found_is_no_timeout():
    with pytest.raises(ConnectionError, match="does not answer any more"), tcp.telling_gone():
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")
    with pytest.raises(TimeoutError, match="timed out"), tcp.telling_gone():
        raise TimeoutError("timed out")
