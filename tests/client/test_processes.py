"""Clients across forks and at the end of a process."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from subprocess import PIPE

import pytest

from tests.client.servers import GrpcServer, HttpServer, Script, Stuck
from tests.running import running_server

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


def run(target, *parts, timeout=60):
    return subprocess.run(
        command(target, *parts),
        capture_output=True,
        text=True,
        timeout=timeout,
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


UNDER_CALLS = """
    import threading
    import numpy as np

    unary, stream = (np.ones((rows, 10), np.float32) for rows in (25_000, 55_000))
    done, wrong = threading.Event(), []

    def answers_right(client, scores):
        result = client.compute(scores=scores, labels=np.zeros(len(scores), int), timeout=30)
        return abs(result.loss - np.log(10)) < 1e-6

    def go_on_calling(scores):
        try:
            while not done.is_set():
                assert answers_right(client, scores)
        except Exception as error:
            wrong.append(error)

    client = lossgrad.Client(sys.argv[1])
    callers = [threading.Thread(target=go_on_calling, args=[s]) for s in (unary, stream) * 2]
    for caller in callers:
        caller.start()
    for _ in range(n_forks):
        child = os.fork()
        if child == 0:
            os._exit(0 if answers_right(client, unary) and answers_right(client, stream) else 1)
        assert os.waitpid(child, 0)[1] == 0
    done.set()
    for caller in callers:
        caller.join()
    assert not wrong, wrong
"""


def test_fork_under_calls_of_other_threads():
    with running_server() as server:
        done = run(server.grpc, "n_forks = 8\n", UNDER_CALLS)
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
