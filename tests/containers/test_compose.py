"""The service of docker-compose.yml: called from outside, looked at from inside, stopped."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from time import monotonic, sleep

import numpy as np
import pytest

import lossgrad
from lossgrad.codecs.chunks import decode_stream_response
from lossgrad.compute_call import ComputeCall
from lossgrad.exchange import Exchange
from tests.containers.engine import Engine
from tests.containers.images import SERVICES
from tests.containers.project import Project, running
from tests.metrics.reading import value_in
from tests.running import PATIENCE_SECONDS, channel_to
from tests.service.processes import half_sent_call, read_all

GRPC, HTTP = "localhost:50051", "http://localhost:8080"

SCORES = np.linspace(-3, 3, 40).reshape(8, 5)
LABELS = np.arange(8) % 5
LOSS = float(np.mean(np.log(np.exp(SCORES).sum(1)) - SCORES[np.arange(8), LABELS]))


@pytest.fixture(scope="module")
def project(engine: Engine) -> Iterator[Project]:
    with running(engine) as project:
        yield project


def _loss(target: str) -> float:
    with lossgrad.Client(target) as client:
        return float(client.compute(scores=SCORES, labels=LABELS, want=["loss"]).loss)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("target", [GRPC, HTTP])
def test_it_computes_for_callers_outside(target: str) -> None:
    assert _loss(target) == pytest.approx(LOSS, rel=1e-12)


@pytest.mark.usefixtures("project")
def test_it_is_ready() -> None:
    with urllib.request.urlopen(f"{HTTP}/readyz") as answer:
        assert answer.status == 200


def test_kernels_were_compiled_by_the_build(project: Project) -> None:
    assert "compiling" not in project.logs("lossgrad")


def _python(project: Project, program: str, *arguments: str) -> str:
    """Run a program inside, where there is no shell."""
    return project.execute("lossgrad", "python3", "-c", program, *arguments)


def _status_of_first_process(project: Project) -> dict[str, str]:
    lines = _python(project, 'print(open("/proc/1/status").read())').splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_first_process_is_the_service_without_any_privilege(project: Project) -> None:
    status = _status_of_first_process(project)
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"10001"}
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh")} == {0}
    assert status["NoNewPrivs"] == "1"
    assert "serve" in _python(project, 'print(open("/proc/1/cmdline").read())')


@pytest.mark.parametrize("place", ["/", "/opt/lossgrad", "/etc"])
def test_root_is_read_only(project: Project, place: str) -> None:
    assert _written(project, place) == "Read-only file system"


def test_temporary_files_can_be_written(project: Project) -> None:
    assert _written(project, "/tmp") == "written"


def _written(project: Project, place: str) -> str:
    attempt = """
import pathlib, sys, os
try:
    pathlib.Path(sys.argv[1], "probe").write_text("")
    print("written")
except OSError as error:
    print(os.strerror(error.errno))
"""
    return _python(project, attempt, place)


def test_limits_are_set(project: Project) -> None:
    host = project.inspect("lossgrad")["HostConfig"]
    assert host["Memory"] == 2 * 2**30
    assert host["PidsLimit"] == SERVICES["lossgrad"]["pids_limit"]
    assert host["ReadonlyRootfs"] is True


def test_limit_of_threads_has_room_for_what_it_reckons_with(project: Project) -> None:
    """The comment in docker-compose.yml has the terms."""
    _loss_of_many_callers()
    limit, cores, workers = SERVICES["lossgrad"]["pids_limit"], len(os.sched_getaffinity(0)), 2
    assert _threads(project) <= 3 * cores + 90 * workers
    assert 3 * 512 + 90 * (workers + 1) <= limit


def _loss_of_many_callers() -> None:
    with ThreadPoolExecutor(16) as callers:
        assert len(list(callers.map(_loss, [GRPC, HTTP] * 16))) == 32


def _threads(project: Project) -> int:
    counting = 'import glob; print(len(glob.glob("/proc/[0-9]*/task/*")))'
    return int(_python(project, counting))


@contextmanager
def _half_sent_stream() -> Iterator[Callable[[], float]]:
    """Have a stream under way; yields what sends the rest, and returns the answered loss."""
    messages = Exchange(ComputeCall.of({"scores": SCORES, "labels": LABELS}, None)).messages()
    goes_on = Event()

    def sent() -> Iterator[bytes]:
        yield next(messages)
        goes_on.wait(PATIENCE_SECONDS)
        yield from messages

    def answered() -> float:
        goes_on.set()
        *_, closing = map(decode_stream_response, answers)
        assert isinstance(closing, dict)
        return closing["loss"]

    with channel_to(GRPC) as channel:
        answers = channel.stream_stream(Exchange.rpc)(sent())
        _wait_until(lambda: _streams_under_way() == 1)
        yield answered


def _streams_under_way() -> float:
    with urllib.request.urlopen(f"{HTTP}/metrics") as answer:
        text = answer.read().decode()
    return value_in(text, "lossgrad_in_flight_calls", method="ComputeStream", transport="grpc")


def _wait_until(is_so: Callable[[], bool]) -> None:
    until = monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert monotonic() < until
        sleep(0.05)


def test_calls_under_way_end_well_when_it_stops(project: Project) -> None:
    with (
        _half_sent_stream() as answered,
        half_sent_call(HTTP) as connection,
        ThreadPoolExecutor(1) as stopping,
    ):
        code = stopping.submit(project.stop, "lossgrad")
        _wait_until(lambda: "stopping" in project.logs("lossgrad"))
        connection.sendall(b"}")
        assert '"n_rows":1' in read_all(connection)
        assert answered() == pytest.approx(LOSS, rel=1e-12)
        assert code.result(PATIENCE_SECONDS) == 0
    assert "Traceback" not in project.logs("lossgrad")
