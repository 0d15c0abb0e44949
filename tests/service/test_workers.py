"""Several workers behind the same ports: all answer, are replaced, and end together."""

from __future__ import annotations

import asyncio
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

import lossgrad
from lossgrad_service.metrics import Place, Slab
from lossgrad_service.metrics.cells import PID
from lossgrad_service.metrics.slab import shared_memory
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.workers.backoff import Backoff
from lossgrad_service.workers.handover import arguments_of
from lossgrad_service.workers.keeper import PATIENCE, Keeper, WorkerFailed
from lossgrad_service.workers.line import decode_line, encode_line
from lossgrad_service.workers.ports import reserved_port
from lossgrad_service.workers.post import Post
from lossgrad_service.workers.process import COMMAND, WorkerProcess
from lossgrad_service.workers.shares import shares_of
from lossgrad_service.workers.supervisor import Supervisor
from tests.admission.gates import until
from tests.metrics.reading import value_of
from tests.running import PATIENCE_SECONDS, read_line
from tests.service.processes import (
    FLAGS,
    PIPES,
    environment,
    half_sent_call,
    read_all,
    refused,
    serving,
)
from tests.service.stand_ins import (
    BECOMES_READY,
    FAILS,
    HANGS,
    LASTS,
    SAYS_WHY,
    keeper_of,
    restarts_of,
)
from tests.service.supervised import (
    IS_READY,
    ONE_ROW,
    TWO,
    both_ready,
    calling,
    next_told,
    watched,
)


@pytest.fixture(scope="module")
def served():
    """Two workers: their supervisor, addresses, and process ids by name."""
    with tempfile.TemporaryDirectory() as folder:
        flags = (*TWO, "--compute-threads", "5", "--unix-socket", f"{folder}/s")
        with serving(*flags, lines=3) as (process, addresses):
            yield process, addresses, both_ready(process)


def n_sockets(pid):
    return sum(link.startswith("socket:") for link in descriptors_of(pid))


def descriptors_of(pid):
    """Yield what a process has open; some may be closed meanwhile."""
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            yield os.readlink(path)


def hang_up(connection):
    """Return once the server has hung up, too: nobody counts that connection any more."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(4096):
        pass


HTTP_HELLO = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
GRPC_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"  # with empty SETTINGS


@pytest.mark.parametrize(("protocol", "hello"), [("gRPC", GRPC_HELLO), ("HTTP", HTTP_HELLO)])
def test_connections_are_spread_among_the_workers(served, protocol, hello):
    _, addresses, workers = served
    host, _, port = addresses[protocol].rpartition("/")[2].rpartition(":")
    before = {pid: n_sockets(pid) for pid in workers.values()}
    with ExitStack() as stack:
        for _ in range(32):
            connection = socket.create_connection((host, int(port)), PATIENCE_SECONDS)
            stack.enter_context(connection).sendall(hello)
            stack.callback(hang_up, connection)
            assert connection.recv(100)
        more = [n_sockets(pid) - before[pid] for pid in before]
    assert sum(more) == 32
    assert min(more) > 0
    # gRPC tells its callers first, and closes its sockets a moment later.
    until(lambda: {pid: n_sockets(pid) for pid in before} == before)


def test_threads_are_divided(served):
    with lossgrad.Client(served[1]["gRPC"]) as client:
        assert client.info().compute_threads == 2


def test_supervisor_has_neither_grpc_nor_the_kernels(served):
    loaded = Path(f"/proc/{served[0].pid}/maps").read_text()
    assert "libpython" in loaded or "python3" in loaded
    assert not re.search("grpc|numpy|llvm", loaded)


def test_killed_worker_is_replaced_and_no_call_fails(served):
    process, addresses, workers = served
    with calling((addresses["gRPC"], addresses["HTTP"])):
        for name in ("worker 1", "worker 2"):
            os.kill(workers[name], signal.SIGKILL)
            again, pid = next_told(process, IS_READY)
            assert again == name
            workers[name] = int(pid)
    with lossgrad.Client(addresses["Unix"]) as client:  # taken over by the first one's successor
        assert client.compute(**ONE_ROW).n_rows == 1


def test_signal_lets_calls_under_way_finish():
    with serving(*TWO) as (process, addresses), watched(both_ready(process).values()) as ended:
        with half_sent_call(addresses["HTTP"]) as connection:
            process.terminate()
            assert read_line(process).startswith("stopping")
            connection.sendall(b"}")
            assert '"n_rows":1' in read_all(connection)
        assert process.wait(PATIENCE_SECONDS) == 0
        ended()


def test_second_signal_ends_all_at_once():
    with (
        serving(*TWO) as (process, addresses),
        watched(both_ready(process).values()) as ended,
        half_sent_call(addresses["HTTP"]),
    ):
        process.send_signal(signal.SIGINT)
        assert read_line(process).startswith("stopping")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 128 + signal.SIGINT
        ended()


def test_workers_end_with_a_supervisor_that_was_killed():
    """One of them is stopped, and could not be told."""
    with serving(*TWO) as (process, _):
        workers = both_ready(process)
        with watched(workers.values()) as ended:
            os.kill(workers["worker 2"], signal.SIGSTOP)
            process.kill()
            ended()


COMPILES_FOR_EVER = """
import runpy
from threading import Event
from lossgrad_service import core

def warm_up():
    print("compiling", flush=True)
    Event().wait()

core.warm_up = warm_up
runpy.run_module("lossgrad_service.workers.worker", run_name="__main__")
"""

WITH_WORKERS = """
import sys
from lossgrad_service.workers import supervisor
from lossgrad_service.__main__ import main

supervisor.COMMAND = (sys.executable, "-c", {worker!r})
supervisor.SHORTEST_PAUSE = supervisor.LONGEST_PAUSE = 0.0
main()
"""


def test_signal_while_workers_start_ends_in_order():
    command = [sys.executable, "-c", WITH_WORKERS.format(worker=COMPILES_FOR_EVER), "serve"]
    with subprocess.Popen([*command, *FLAGS, *TWO], env=environment({}), **PIPES) as process:
        try:
            assert [read_line(process) for _ in range(2)] == ["compiling\n"] * 2
            process.terminate()
            assert process.wait(PATIENCE_SECONDS) == 0
            assert process.stdout.read().startswith("stopping")
        finally:
            process.kill()


def test_workers_that_do_not_start_end_the_service():
    program = ("-c", WITH_WORKERS.format(worker="raise SystemExit(7)"))
    code, text = refused("--workers", "2", program=program)
    assert code == 1
    told = f"ended {PATIENCE} times in a row before it was ready, the last time with exit code 7"
    assert re.fullmatch(rf"lossgrad: worker \d {told}", text.splitlines()[-1])


@pytest.mark.parametrize(("flag", "protocol"), [("--grpc-port", "gRPC"), ("--http-port", "HTTP")])
def test_busy_port_is_one_line(flag, protocol):
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        port = taken.getsockname()[1]
        code, text = refused(*TWO, flag, str(port))
    assert (code, text.count("\n")) == (1, 1)
    assert text.startswith(f"lossgrad: {protocol} cannot listen on 127.0.0.1:{port}: ")


def test_refusals_are_those_of_one_process(tmp_path):
    missing = ("--unix-socket", str(tmp_path / "nowhere/s"))
    wrong = ("--http-port", "70000")
    calls = ((*TWO, *missing), missing, (*TWO, *wrong), wrong, ("--workers", "0"))
    with ThreadPoolExecutor() as threads:
        told = list(threads.map(lambda flags: refused(*flags), calls))
    assert told[0] == told[1]
    assert told[2] == told[3]
    code, text = told[4]
    assert code == 2
    assert text.startswith("lossgrad: --workers (LOSSGRAD_WORKERS): ")


# Ports


def bound(port, *options):
    """Bind and listen as another process would."""
    other = socket.socket()
    for option in options:
        other.setsockopt(socket.SOL_SOCKET, option, 1)
    try:
        other.bind(("127.0.0.1", port))
        other.listen()
    except OSError:
        other.close()
        raise
    return other


def test_reserved_port_is_the_workers_alone():
    with reserved_port("gRPC", "127.0.0.1", 0) as port:
        with bound(port, socket.SO_REUSEPORT), bound(port, socket.SO_REUSEPORT):
            pass
        with pytest.raises(OSError, match="in use"):
            bound(port, socket.SO_REUSEADDR)
        with (
            pytest.raises(OSError, match=f"HTTP cannot listen on 127.0.0.1:{port}: "),
            reserved_port("HTTP", "127.0.0.1", port),
        ):
            pass
    bound(port).close()


def closed_connection(port, *options):
    """Leave the remains of a connection that the server closed."""
    with (
        bound(port, socket.SO_REUSEADDR, *options) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        server.accept()[0].close()
        client.recv(1)
        return server.getsockname()[1]


def test_what_is_left_of_connections_does_not_hold_a_port():
    port = closed_connection(0)
    with pytest.raises(OSError, match="in use"):
        bound(port)
    with reserved_port("gRPC", "127.0.0.1", port):
        bound(port, socket.SO_REUSEADDR, socket.SO_REUSEPORT).close()
        with pytest.raises(OSError, match="in use"):
            bound(port, socket.SO_REUSEADDR)


def test_address_that_is_not_ours_is_told():
    with (
        pytest.raises(OSError, match="gRPC cannot listen on"),
        reserved_port("gRPC", "192.0.2.1", 0),
    ):
        pass


# What each gets


def test_shares_are_equal_and_one_thread_at_least(tmp_path):
    settings = Settings(workers=3, compute_threads=8, unix_socket=tmp_path / "s")
    shares = shares_of(settings)
    assert [share.compute_threads for share in shares] == [2, 2, 2]
    assert [share.unix_socket for share in shares] == [tmp_path / "s", None, None]
    assert {
        share.compute_threads for share in shares_of(Settings(workers=3, compute_threads=1))
    } == {1}


def test_shares_survive_the_line_whatever_the_variables(monkeypatch, tmp_path):
    monkeypatch.setenv("LOSSGRAD_UNIX_SOCKET", str(tmp_path / "other"))
    monkeypatch.setenv("LOSSGRAD_COMPUTE_THREADS", "7")
    for share in shares_of(Settings(workers=2, unix_socket=tmp_path / "a\nb", compute_threads=6)):
        line = encode_line(share.model_dump_json())
        assert Settings.model_validate_json(decode_line(line)) == share


# Restarts


def test_pauses_double_up_to_the_longest():
    backoff = Backoff(0.1, 0.5)
    assert [backoff.next_pause() for _ in range(4)] == [0.1, 0.2, 0.4, 0.5]
    backoff.reset()
    assert backoff.next_pause() == 0.1


def test_worker_that_never_gets_ready_is_given_up_with_its_cause():
    keeper = keeper_of(*[FAILS] * (PATIENCE - 1), SAYS_WHY)
    with pytest.raises(WorkerFailed) as failed:
        asyncio.run(keeper.run())
    assert str(failed.value) == (
        f"worker 1 ended {PATIENCE} times in a row before it was ready, "
        "the last time with exit code 4: no room"
    )
    assert not keeper.was_ready.is_set()


def test_worker_that_ends_without_a_word_is_one_that_failed():
    """Its unread settings reset the connection."""
    with pytest.raises(WorkerFailed, match=r"exit code 5$"):
        asyncio.run(keeper_of(*["raise SystemExit(5)"] * PATIENCE).run())


def test_process_that_cannot_be_had_is_a_worker_that_failed():
    def start():
        return WorkerProcess.start("settings", ["/nowhere/python"])

    with pytest.raises(WorkerFailed, match=r"no process: .*/nowhere/python"):
        asyncio.run(Keeper(Place.alone(), start, Backoff(0.0, 0.0), PATIENCE_SECONDS).run())


def test_worker_that_was_ready_resets_the_count():
    failures = [FAILS] * (PATIENCE - 1)
    keeper = keeper_of(*failures, BECOMES_READY, *failures, SAYS_WHY)
    with pytest.raises(WorkerFailed):
        asyncio.run(keeper.run())
    assert keeper.was_ready.is_set()


def told_of(place):
    """Return the readiness and start time of a place."""
    names = ("ready", "start_time_seconds")
    return [value_of(place.slab, f"lossgrad_worker_{name}", worker="1") for name in names]


def test_restarts_are_counted_and_nothing_is_left_of_a_worker_that_ended():
    place = Place.alone()
    place.take()
    place.set_ready(True)
    with pytest.raises(WorkerFailed):
        asyncio.run(keeper_of(*[FAILS] * PATIENCE, place=place).run())
    assert (restarts_of(place), told_of(place)) == ({"unready": PATIENCE}, [0, 0])


KILLED = BECOMES_READY + "; import os; os.kill(os.getpid(), 9)"


def test_restarts_are_counted_by_what_became_of_the_process():
    place = Place.alone()
    programs = (BECOMES_READY, KILLED, KILLED, *[FAILS] * PATIENCE)
    with pytest.raises(WorkerFailed):
        asyncio.run(keeper_of(*programs, place=place).run())
    assert restarts_of(place) == {"exit": 1, "signal": 2, "unready": PATIENCE}


def supervise(*keepers, **settings):
    """Supervise until a worker is given up, or else until all were ready and a signal came."""

    async def stop_when_ready():
        for keeper in keepers:
            await keeper.was_ready.wait()
        os.kill(os.getpid(), signal.SIGTERM)

    async def scenario():
        stopping = asyncio.create_task(stop_when_ready())
        posts = [Post(lambda *_, keeper=keeper: keeper) for keeper in keepers]
        running = Supervisor(Settings(workers=2, **settings), posts).run()
        try:
            await asyncio.wait_for(running, PATIENCE_SECONDS)
        finally:
            stopping.cancel()

    asyncio.run(scenario())


def test_addresses_are_told_once_all_are_ready(capsys):
    supervise(keeper_of(LASTS), keeper_of(FAILS, LASTS), host="::1", grpc_port=5, http_port=6)
    assert capsys.readouterr().out.splitlines() == [
        "gRPC  [::1]:5",
        "HTTP  http://[::1]:6",
        "stopping: calls under way may finish; a second signal exits at once",
    ]


def test_all_end_when_one_is_given_up(capsys):
    with pytest.raises(WorkerFailed, match="exit code 3"):
        supervise(keeper_of(LASTS), keeper_of(*[FAILS] * PATIENCE))
    assert capsys.readouterr().out == ""


def test_worker_that_does_not_stop_is_killed(caplog):
    supervise(keeper_of(HANGS, stop_seconds=0.0), keeper_of(LASTS))
    assert "worker 1 did not stop within 0 s and is killed" in caplog.text


@contextmanager
def memory_of_one():
    """Yield the descriptor of memory that one worker counts in."""
    descriptor = shared_memory(1)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def start_real(settings, descriptor):
    """Start a worker as the supervisor does."""
    command = (*COMMAND, *arguments_of(descriptor, Place(Slab.at(descriptor, 1), 0)))
    return WorkerProcess.start(settings.model_dump_json(), command, [descriptor])


def test_real_worker_tells_of_itself_in_memory_that_it_was_given():
    settings = Settings(grpc_port=0, http_port=0)

    async def scenario():
        worker = await start_real(settings, descriptor)
        assert await worker.becomes_ready()
        told, pid = told_of(place), place.row[PID]
        worker.kill()
        assert await worker.end() == ("signal", "signal 9")
        return told, pid == worker.pid

    with memory_of_one() as descriptor:
        place = Place(Slab.at(descriptor, 1), 0)
        before = time.time()
        (is_ready, start_time), is_its = asyncio.run(scenario())
    assert (is_ready, is_its) == (1, True)
    assert before <= start_time <= time.time()


def test_real_worker_ends_though_nobody_heard_that_it_was_ready():
    """What is left unread resets the line."""
    settings, (ours, theirs) = Settings(grpc_port=0, http_port=0), socket.socketpair()
    with ours, memory_of_one() as descriptor:
        command = (*COMMAND, *arguments_of(descriptor, Place(Slab.at(descriptor, 1), 0)))
        with theirs:
            worker = subprocess.Popen(command, stdin=theirs, pass_fds=[descriptor])
        with worker:
            ours.sendall(encode_line(settings.model_dump_json()))
            assert select.select([ours], [], [], PATIENCE_SECONDS)[0]
            ours.close()
            assert worker.wait(PATIENCE_SECONDS) == 0


def test_real_worker_says_why_it_does_not_start(tmp_path):
    settings = Settings(workers=2, grpc_port=0, http_port=0, unix_socket=tmp_path / "nowhere/s")

    async def scenario():
        worker = await start_real(settings, descriptor)
        assert not await worker.becomes_ready()
        return await worker.end()

    with memory_of_one() as descriptor:
        how = asyncio.run(scenario())
    nowhere = tmp_path / "nowhere"
    told = f"exit code 1: cannot listen on {nowhere}/s: there is no folder {nowhere}"
    assert how == ("unready", told)
