"""Clients across forks and at the end of a process."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from tests.client.servers import GrpcServer, HttpServer, Script

SERVERS = pytest.mark.parametrize("server_kind", [GrpcServer, HttpServer], ids=["grpc", "http"])

BLOCKING = """
    client = lossgrad.Client(sys.argv[1], timeout=20)
    def call():
        return client.compute(scores=[[1.0, 2.0]], labels=[0]).loss
"""

AWAITING = """
    import asyncio
    client = lossgrad.AsyncClient(sys.argv[1], timeout=20)
    def call():
        return asyncio.run(client.compute(scores=[[1.0, 2.0]], labels=[0])).loss
"""

FORKS = """
    assert call() == 1.5
    for ends in (sys.exit, os._exit):
        child = os.fork()
        if child == 0:
            assert call() == call() == 1.5
            client.close()
            ends(0)
        assert call() == 1.5
        assert os.waitpid(child, 0)[1] == 0
    assert call() == 1.5
"""


def run(target, *parts):
    script = "import os, sys, lossgrad\n" + "".join(map(textwrap.dedent, parts))
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script, target],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@SERVERS
def test_fork(server_kind):
    with server_kind(Script()) as server:
        done = run(server.target, BLOCKING, FORKS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@SERVERS
def test_fork_of_an_async_client(server_kind):
    with server_kind(Script()) as server:
        done = run(server.target, AWAITING, FORKS.replace("client.close()", ""))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@SERVERS
@pytest.mark.parametrize("kind", [BLOCKING, AWAITING], ids=["blocking", "awaiting"])
@pytest.mark.parametrize("end", ["", "sys.exit(0)", "keep = [client]; keep.append(keep)"])
def test_exit_with_an_open_client_is_quiet(server_kind, kind, end):
    with server_kind(Script()) as server:
        done = run(server.target, kind, "assert call() == 1.5\n", end)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
