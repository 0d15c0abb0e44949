"""Clients across forks and at the end of a process."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from subprocess import PIPE

import pytest

from tests.client.servers import GrpcServer, HttpServer, Script, Stuck

PATIENCE_SECONDS = 10
"""Well below what the clients of these programs have for a call."""

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


def command(target, *parts):
    script = "import os, sys, lossgrad\n" + "".join(map(textwrap.dedent, parts))
    return [sys.executable, "-W", "error", "-c", script, target]


def run(target, *parts):
    return subprocess.run(
        command(target, *parts),
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


UNDER_WAY = {
    "thread": """
        import threading
        call_for_ever = lambda: client.compute(scores=[[1.0, 2.0]] * 2, labels=[0, 0])
        threading.Thread(target=call_for_ever, daemon=True).start()
        input()
    """,
    "task": """
        async def main():
            task = client.compute_future(scores=[[1.0, 2.0]] * 2, labels=[0, 0])
            await asyncio.to_thread(input)
        asyncio.run(main())
    """,
}


@SERVERS
@pytest.mark.parametrize(("kind", "way"), [(BLOCKING, "thread"), (AWAITING, "task")])
def test_exit_under_a_call_is_quiet_and_soon(server_kind, kind, way):
    stuck = Stuck()
    with (
        server_kind(Script(stuck)) as server,
        subprocess.Popen(
            command(server.target, kind, UNDER_WAY[way]),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            text=True,
        ) as child,
    ):
        assert stuck.arrived.wait(20)
        said = child.communicate("\n", timeout=PATIENCE_SECONDS)
        assert not stuck.released.is_set()
        stuck.released.set()
    assert (child.returncode, *said) == (0, "", "")
