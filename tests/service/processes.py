"""``lossgrad serve`` as a process, and callers that it can be stopped under."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.running import PATIENCE_SECONDS, read_line

PROGRAM = ("-m", "lossgrad_service")
FLAGS = (
    *("--grpc-port", "0", "--http-port", "0", "--lame-duck-seconds", "0"),
    # Nobody reads what they tell of each call.
    *("--log-level", "warning"),
)
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}

BODY = json.dumps({"scores": [[1, 2, 3]], "labels": [2]}).encode()
LARGE_BODY = json.dumps({"scores": [[0.5] * 1000] * 600, "labels": [2] * 600}).encode()
"""Large enough to be computed on a thread."""


def environment(variables):
    # The client sets this one for its own process, which is the tests'.
    inherited = {name: value for name, value in os.environ.items() if name != "GRPC_VERBOSITY"}
    return {**inherited, **variables}


@contextmanager
def serving(*flags, program=PROGRAM, lines=2, **variables):
    """Run the command until the block is left; yields the process and its addresses."""
    command = [sys.executable, *program, "serve", *FLAGS, *flags]
    with subprocess.Popen(command, env=environment(variables), **PIPES) as process:
        try:
            yield process, dict([read_line(process).split() for _ in range(lines)])
        finally:
            process.kill()


def refused(*flags, program=PROGRAM, **variables):
    """Return the exit code and the lines of a command that does not serve."""
    done = subprocess.run(
        [sys.executable, *program, "serve", *FLAGS, *flags],
        env=environment(variables),
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def address_of(target):
    parts = urlsplit(target)
    return parts.hostname, parts.port


def head_of(body, *more):
    """Return the head of a call with such a body, and with more header lines."""
    lines = (
        "POST /v1/compute HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *more,
    )
    return "\r\n".join((*lines, "", "")).encode()


@contextmanager
def half_sent_call(address):
    """Send a call but for its last byte; the server's 100 tells that it is under way."""
    with socket.create_connection(address_of(address), PATIENCE_SECONDS) as connection:
        connection.sendall(head_of(BODY, "Expect: 100-continue") + BODY[:-1])
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        yield connection


def read_all(connection):
    return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
