from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Queue
from typing import IO

import grpc
import pytest

from lossgrad import Client
from lossgrad_service.child import ServiceDidNotStart, process, running_service
from lossgrad_service.runtime.settings import Settings
from tests.running import PATIENCE_SECONDS, is_gone, read_line

PARENT = """
from lossgrad_service.child import running_service
with running_service() as targets:
    print(targets["gRPC"], flush=True)
    input()
"""


@contextmanager
def connectivity(target: str) -> Iterator[Callable[[grpc.ChannelConnectivity], None]]:
    """Connect to `target` and yield a function that returns when the connection has a state."""
    states: Queue[grpc.ChannelConnectivity] = Queue()

    def wait_for(state: grpc.ChannelConnectivity) -> None:
        while states.get(timeout=PATIENCE_SECONDS) is not state:
            pass

    with grpc.insecure_channel(target) as channel:
        channel.subscribe(states.put, try_to_connect=True)
        yield wait_for


def test_service_answers_and_is_gone_afterwards() -> None:
    with running_service() as targets:
        for target in targets.values():
            with Client(target) as client:
                assert client.info().version
    assert all(map(is_gone, targets.values()))


def test_service_ends_with_a_parent_that_was_killed() -> None:
    with (
        subprocess.Popen(
            [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as parent,
        connectivity(read_line(parent).strip()) as wait_for,
    ):
        wait_for(grpc.ChannelConnectivity.READY)
        parent.kill()
        wait_for(grpc.ChannelConnectivity.IDLE)


def test_service_that_cannot_start_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [*process.COMMAND, "--http-port", "no number"]
    monkeypatch.setattr(process, "COMMAND", command)
    with pytest.raises(ServiceDidNotStart, match="--http-port"), running_service():
        pass


STUBBORN = """
from time import sleep
print("gRPC 127.0.0.1:1", "HTTP http://127.0.0.1:2", sep="\\n", flush=True)
while True:
    sleep(1)
"""


def test_service_that_does_not_stop_is_killed_and_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, children = process._child, []

    def observed(command: Sequence[str], log: IO[str]) -> subprocess.Popen[str]:
        children.append(start(command, log))
        return children[-1]

    monkeypatch.setattr(process, "_child", observed)
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-c", STUBBORN))
    monkeypatch.setattr(process, "STOP_SECONDS", 0.0)
    with running_service():
        pass
    [child] = children
    assert child.returncode == -signal.SIGKILL
    assert child.stdout.closed


def test_flags_are_settings() -> None:
    flags = [part for part in process.COMMAND if part.startswith("--")]
    assert {flag[2:].replace("-", "_") for flag in flags} <= set(Settings.model_fields)
