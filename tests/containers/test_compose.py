"""The service of docker-compose.yml: called from outside, looked at from inside, stopped."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

import lossgrad
from tests.containers.engine import Engine
from tests.containers.project import Project, running

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
    assert host["PidsLimit"] == 256
    assert host["ReadonlyRootfs"] is True


def test_it_stops_cleanly_under_load(project: Project) -> None:
    stopped = Event()

    def call_until_stopped() -> int:
        answered = 0
        while not stopped.is_set():
            assert _loss(GRPC) == pytest.approx(LOSS, rel=1e-12)
            answered += 1
        return answered

    def call() -> int:
        try:
            return call_until_stopped()
        except lossgrad.Unavailable:
            return 1

    with ThreadPoolExecutor(4) as callers:
        calls = [callers.submit(call) for _ in range(4)]
        try:
            assert project.stop("lossgrad") == 0
        finally:
            stopped.set()
        assert all(each.result() for each in calls)
    assert "Traceback" not in project.logs("lossgrad")
