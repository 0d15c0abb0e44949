"""``lossgrad serve`` as a process, and the signals that end it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.service.web import call, compute

BODY = json.dumps({"scores": [[1, 2, 3]], "labels": [2]}).encode()
FLAGS = ("--grpc-port", "0", "--http-port", "0", "--lame-duck-seconds", "0")


def environment(variables):
    # The client sets this one for its own process, which is the tests'.
    inherited = {name: value for name, value in os.environ.items() if name != "GRPC_VERBOSITY"}
    return {**inherited, **variables}


@contextmanager
def serving(*flags, **variables):
    """Run the command until the block is left; yields the process and its addresses."""
    command = [sys.executable, "-m", "lossgrad_service", "serve", *FLAGS, *flags]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment(variables), **pipes) as process:
        try:
            lines = [process.stdout.readline().split() for _ in range(2)]
            yield process, dict(lines)
        finally:
            process.kill()


@contextmanager
def half_sent_call(address):
    """Send a call but for its last byte; the server's 100 tells that it is under way."""
    host, port = address.removeprefix("http://").split(":")
    head = (
        "POST /v1/compute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(BODY)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + BODY[:-1])
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        yield connection


def read_all(connection):
    return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_signal_lets_calls_under_way_finish(signum):
    with serving() as (process, addresses), half_sent_call(addresses["HTTP"]) as connection:
        process.send_signal(signum)
        assert process.stdout.readline().startswith("stopping")
        connection.sendall(BODY[-1:])
        assert '"n_rows":1' in read_all(connection)
        assert process.wait(30) == 0
        assert process.stderr.read() == ""


def test_second_signal_exits_at_once():
    with serving() as (process, addresses), half_sent_call(addresses["HTTP"]):
        process.terminate()
        assert process.stdout.readline().startswith("stopping")
        process.terminate()
        assert process.wait(10) == 128 + signal.SIGTERM


def test_stalled_caller_does_not_outlast_the_grace():
    flags = ("--shutdown-grace-seconds", "0")
    with serving(*flags) as (process, addresses), half_sent_call(addresses["HTTP"]):
        process.terminate()
        assert process.wait(30) == 0


def test_variables_are_read_and_flags_win():
    limits = {"LOSSGRAD_MAX_RESPONSE_BYTES": "23", "LOSSGRAD_MAX_REQUEST_BYTES": "5"}
    with serving("--max-request-bytes", "99", **limits) as (_, addresses):
        found = call(f"{addresses['HTTP']}/v1/info").json["limits"]
        assert found == {"max_request_bytes": 99, "max_response_bytes": 23}
        assert compute(addresses["HTTP"], {"scores": [[1, 2, 3]], "labels": [2]}).status == 413


def refused(*flags, **variables):
    command = [sys.executable, "-m", "lossgrad_service", "serve", *FLAGS, *flags]
    done = subprocess.run(
        command, env=environment(variables), capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize(("flag", "protocol"), [("--grpc-port", "gRPC"), ("--http-port", "HTTP")])
def test_busy_port_is_one_line(flag, protocol):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, text = refused(flag, str(port))
    assert code == 1
    assert text.startswith(f"lossgrad: {protocol} cannot listen on 127.0.0.1:{port}: ")
    assert text.count("\n") == 1


def test_wrong_settings_are_named():
    code, text = refused("--http-port", "70000", LOSSGRAD_COMPUTE_THREADS="none")
    assert code == 2
    lines = text.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("lossgrad: --http-port (LOSSGRAD_HTTP_PORT): ")
    assert lines[1].startswith("lossgrad: --compute-threads (LOSSGRAD_COMPUTE_THREADS): ")
