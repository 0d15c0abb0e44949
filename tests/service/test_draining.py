"""SIGTERM against callers that stall, of every kind, on every transport: the exit code is 0."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from functools import partial
from urllib.parse import urlsplit

import pytest

from lossgrad.compute_call import ComputeCall
from lossgrad.endpoints import COMPUTE
from lossgrad.exchange import Exchange
from tests.running import PATIENCE_SECONDS
from tests.service.processes import BODY, LARGE_BODY, head_of, serving
from tests.service.raw_grpc import greeting, head, message, until_heard

ONE_ROW = COMPUTE.encode_proto(ComputeCall.of({"scores": [[1.0, 2.0]], "labels": [0]}, None))
WATCH = "/grpc.health.v1.Health/Watch"
SMALL_BUFFER = 4096


def connected(target):
    """Return a connection on which little fits that is not read."""
    parts = urlsplit(target if "://" in target else f"//{target}")
    is_unix = parts.scheme == "unix"
    connection = socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET)
    connection.settimeout(PATIENCE_SECONDS)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    connection.connect(parts.path if is_unix else (parts.hostname, parts.port))
    return connection


# Over HTTP


def says_nothing(_):
    """As a connection that was opened to have one."""


def keeps_alive(connection):
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.recv(100).startswith(b"HTTP/1.1 200")


def sends_half_a_head(connection):
    keeps_alive(connection)
    connection.sendall(head_of(BODY)[:-10])


def sends_half_a_body(connection):
    connection.sendall(head_of(BODY, "Expect: 100-continue") + BODY[:-1])
    assert connection.recv(100).startswith(b"HTTP/1.1 100")


def reads_no_answer(connection):
    connection.sendall(head_of(LARGE_BODY) + LARGE_BODY)
    assert connection.recv(9) == b"HTTP/1.1 "


OVER_HTTP = (says_nothing, keeps_alive, sends_half_a_head, sends_half_a_body, reads_no_answer)


# Over gRPC


def sends(*parts, window=None):
    return partial(_send, greeting(window) + b"".join(parts))


def _send(data, connection):
    connection.sendall(data)
    until_heard(connection)


OVER_GRPC = (
    says_nothing,
    sends(),
    sends(head(COMPUTE.rpc)),
    sends(head(COMPUTE.rpc), message(b"half", length=1000)),
    sends(head(COMPUTE.rpc), message(ONE_ROW), window=0),
    sends(head(Exchange.rpc)),
    sends(head(Exchange.rpc), message(b"half", length=1000)),
    sends(head(WATCH), message(b"")),
    sends(head(WATCH), message(b""), window=0),
)
STALLED = {"HTTP": OVER_HTTP, "gRPC": OVER_GRPC, "Unix": OVER_GRPC}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_stalled_callers_do_not_outlast_the_grace(tmp_path, workers):
    flags = ("--workers", workers, "--unix-socket", str(tmp_path / "s"))
    grace = ("--shutdown-grace-seconds", "0.5")
    with serving(*flags, *grace, lines=3) as (process, addresses), ExitStack() as stack:
        for protocol, callers in STALLED.items():
            for stall in callers:
                stall(stack.enter_context(connected(addresses[protocol])))
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
        assert process.stderr.read() == ""
        assert not (tmp_path / "s").exists()
