"""``lossgrad serve`` as a process, and the signals that end it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys

import pytest

from lossgrad_service.runtime.signals import heed_hangups
from tests.running import PATIENCE_SECONDS, read_line
from tests.service.processes import (
    BODY,
    FLAGS,
    LARGE_BODY,
    PIPES,
    address_of,
    environment,
    half_sent_call,
    head_of,
    read_all,
    refused,
    serving,
)
from tests.service.web import call, compute


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_signal_lets_calls_under_way_finish(signum):
    with serving() as (process, addresses), half_sent_call(addresses["HTTP"]) as connection:
        process.send_signal(signum)
        assert read_line(process).startswith("stopping")
        connection.sendall(BODY[-1:])
        assert '"n_rows":1' in read_all(connection)
        assert process.wait(PATIENCE_SECONDS) == 0
        assert process.stderr.read() == ""


def test_second_signal_exits_at_once():
    with serving() as (process, addresses), half_sent_call(addresses["HTTP"]):
        process.terminate()
        assert read_line(process).startswith("stopping")
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM


def test_stalled_caller_does_not_outlast_the_grace():
    flags = ("--shutdown-grace-seconds", "0")
    with serving(*flags) as (process, addresses), half_sent_call(addresses["HTTP"]):
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0


ENDLESS = """
from threading import Event
from lossgrad_service import core
from lossgrad_service.__main__ import main

def compute(problem, **options):
    print("computing", flush=True)
    Event().wait()

core.compute = compute
main()
"""


def test_endless_computation_does_not_outlast_the_grace():
    flags = ("--shutdown-grace-seconds", "0")
    with serving(*flags, program=("-c", ENDLESS)) as (process, addresses):
        address = address_of(addresses["HTTP"])
        with socket.create_connection(address, PATIENCE_SECONDS) as connection:
            connection.sendall(head_of(LARGE_BODY) + LARGE_BODY)
            assert read_line(process) == "computing\n"
            process.terminate()
            assert process.wait(PATIENCE_SECONDS) == 0
            assert process.stdout.read().startswith("stopping")


STOPPED_AT_START = """
import os, signal
from lossgrad_service.http_api import HttpServer
from lossgrad_service.__main__ import main
listen = HttpServer.listen

def stopped(*arguments):
    os.kill(os.getpid(), signal.SIGTERM)
    return listen(*arguments)

HttpServer.listen = stopped
main()
"""


def test_signal_before_the_ports_listen_ends_in_order():
    with serving(program=("-c", STOPPED_AT_START)) as (process, _):
        assert process.wait(PATIENCE_SECONDS) == 0
        assert process.stderr.read() == ""


ENDLESS_COMPILER = """
from threading import Event
from lossgrad_service import core
from lossgrad_service.__main__ import main

def warm_up():
    print("compiling -", flush=True)
    Event().wait()

core.warm_up = warm_up
main()
"""


def test_signal_while_the_kernels_are_compiled_ends_in_order():
    """The first line is the compiler's; the addresses follow the signal."""
    command = [sys.executable, "-c", ENDLESS_COMPILER, "serve", *FLAGS]
    with subprocess.Popen(command, env=environment({}), **PIPES) as process:
        try:
            assert read_line(process).startswith("compiling")
            process.terminate()
            assert process.wait(PATIENCE_SECONDS) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()


def test_nobody_need_read_what_it_prints():
    with serving() as (process, _):
        process.stdout.close()
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
        assert process.stderr.read() == ""


@pytest.mark.usefixtures("heeded_hangups")
def test_hangup_changes_nothing_with_one_worker():
    with serving() as (process, addresses):
        process.send_signal(signal.SIGHUP)
        assert "SIGHUP changes nothing with one worker" in process.stderr.readline()
        assert call(f"{addresses['HTTP']}/readyz").status == 200
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0


def test_hangup_that_is_ignored_stays_so():
    """As nohup has it."""

    async def scenario():
        heed_hangups(lambda: heard.append("SIGHUP"))
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)

    heard, before = [], signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        asyncio.run(scenario())
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert heard == []


ON_A_TERMINAL = """
import os
from lossgrad_service.__main__ import main

os.setsid()
os.open({name!r}, os.O_RDWR)
main()
"""


@pytest.mark.usefixtures("heeded_hangups")
def test_closed_terminal_ends_in_order():
    ours, theirs = os.openpty()
    program = ("-c", ON_A_TERMINAL.format(name=os.ttyname(theirs)))
    with serving(program=program) as (process, _):
        os.close(theirs)
        os.close(ours)
        assert read_line(process).startswith("stopping")
        assert process.wait(PATIENCE_SECONDS) == 0
        assert process.stderr.read() == ""


def test_variables_are_read_and_flags_win():
    limits = {"LOSSGRAD_MAX_RESPONSE_BYTES": "23", "LOSSGRAD_MAX_REQUEST_BYTES": "5"}
    with serving("--max-request-bytes", "99", **limits) as (_, addresses):
        found = call(f"{addresses['HTTP']}/v1/info").json["limits"]
        assert (found["max_request_bytes"], found["max_response_bytes"]) == (99, 23)
        assert compute(addresses["HTTP"], {"scores": [[1, 2, 3]], "labels": [2]}).status == 413


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
