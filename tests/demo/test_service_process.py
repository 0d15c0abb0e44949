from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest
from lossgrad import Client, Unavailable
from lossgrad_service.demo import service_process
from lossgrad_service.demo.service_process import ServiceDidNotStart, running_service
from lossgrad_service.runtime.settings import Settings

PARENT = """
from lossgrad_service.demo.service_process import running_service
with running_service() as target:
    print(target, flush=True)
    input()
"""

PATIENCE_SECONDS = 30.0


def wait_until_closed(connection: socket.socket) -> None:
    """Return when the other end is gone."""
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass


def test_service_answers_and_is_gone_afterwards() -> None:
    with running_service() as target, Client(target) as client:
        assert client.info().version
    with Client(target) as client, pytest.raises(Unavailable):
        client.info(timeout=0.5)


def test_service_ends_with_a_parent_that_was_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        host, _, port = parent.stdout.readline().strip().rpartition(":")
        with socket.create_connection((host, int(port)), PATIENCE_SECONDS) as connection:
            os.kill(parent.pid, signal.SIGKILL)
            wait_until_closed(connection)


def test_service_that_cannot_start_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [*service_process.COMMAND, "--http-port", "no number"]
    monkeypatch.setattr(service_process, "COMMAND", command)
    with pytest.raises(ServiceDidNotStart, match="--http-port"), running_service():
        pass


def test_flags_are_settings() -> None:
    flags = [part for part in service_process.COMMAND if part.startswith("--")]
    assert {flag[2:].replace("-", "_") for flag in flags} <= set(Settings.model_fields)
