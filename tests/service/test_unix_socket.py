"""The Unix socket: served to its owner, taken over when stale, never stolen, removed at exit."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest

import lossgrad
from lossgrad_service.runtime.unix_socket import beside, published
from tests.running import running_server


@pytest.fixture
def path(tmp_path):
    return tmp_path / "s"


def test_serves_and_removes(path):
    with running_server(unix_socket=path) as running:
        assert running.server.addresses["Unix"] == f"unix://{path}"
        with lossgrad.Client(f"unix://{path}") as client:
            assert client.compute(scores=[[1.0, 2.0]], labels=[0]).n_rows == 1
    assert not path.exists()


def test_is_its_owners_only_whatever_the_mask(path):
    before = os.umask(0)
    try:
        with running_server(unix_socket=path):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
            assert os.umask(0) == 0
    finally:
        os.umask(before)


def test_large_messages_come_and_go_whole(path):
    scores = np.random.default_rng(1).standard_normal((2048, 2000), np.float32)
    problem = {"scores": scores, "labels": np.arange(2048) % 2000}
    with (
        running_server(unix_socket=path) as running,
        lossgrad.Client(f"unix://{path}") as unix,
        lossgrad.Client(running.grpc) as tcp,
    ):
        over_unix, over_tcp = unix.compute(**problem), tcp.compute(**problem)
    assert over_unix.loss == over_tcp.loss
    np.testing.assert_array_equal(over_unix.dscores, over_tcp.dscores)


def test_stale_socket_is_taken_over(path):
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    with running_server(unix_socket=path), lossgrad.Client(f"unix://{path}") as client:
        assert client.info().version


def test_live_socket_is_left_alone(path):
    with socket.socket(socket.AF_UNIX) as live:
        live.bind(str(path))
        live.listen()
        with pytest.raises(OSError, match="another server does"), running_server(unix_socket=path):
            pass
    assert path.is_socket()


@contextmanager
def listening(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(beside(path)))
        server.listen()
        with published(beside(path), path):
            yield


def test_who_takes_over_keeps_the_path_and_its_rights(path):
    with ExitStack() as first:
        first.enter_context(listening(path))
        path.chmod(0o660)
        with listening(path):
            first.close()
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            with socket.socket(socket.AF_UNIX) as caller:
                caller.connect(str(path))
        assert list(path.parent.iterdir()) == []


def test_no_file_is_taken_for_a_socket_to_take_over_from(path):
    path.write_text("precious")
    with pytest.raises(OSError, match="not a socket"), listening(path):
        pass
    assert path.read_text() == "precious"


def test_path_that_no_socket_can_have_is_told(tmp_path):
    path = tmp_path / ("s" * (108 - len(str(tmp_path)) - 1))
    text = "a Unix socket's path has 107 bytes at most, not 108"
    with pytest.raises(OSError, match=text), running_server(unix_socket=path):
        pass


def test_missing_folder_is_told(tmp_path):
    path = tmp_path / "nowhere" / "s"
    with pytest.raises(OSError, match=f"no folder {path.parent}"), running_server(unix_socket=path):
        pass


def test_file_is_left_alone(path):
    path.write_text("precious")
    with pytest.raises(OSError, match="not a socket"), running_server(unix_socket=path):
        pass
    assert path.read_text() == "precious"
