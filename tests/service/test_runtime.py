"""Settings and what the server tells of itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import grpc
import numpy as np
import pytest
from pydantic import ValidationError

import lossgrad
from lossgrad_service.cores import available_cores
from lossgrad_service.runtime.info import build, server_info
from lossgrad_service.runtime.settings import Settings, is_loopback
from lossgrad_service.runtime.threads import compute_threads, spare_thread
from tests.kernels.processes import in_fresh_process

OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text().splitlines()


def test_defaults_are_the_contracts(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LOSSGRAD_{name.upper()}", raising=False)
    settings = Settings()
    assert (settings.host, settings.grpc_port, settings.http_port) == ("127.0.0.1", 50051, 8080)
    assert settings.unix_socket is None
    assert settings.compute_threads == available_cores() >= 1
    assert settings.workers == (min(available_cores(), 2) if sys.platform == "linux" else 1)


def test_variables_are_read(monkeypatch, tmp_path):
    monkeypatch.setenv("LOSSGRAD_GRPC_PORT", "0")
    monkeypatch.setenv("LOSSGRAD_UNIX_SOCKET", str(tmp_path / "s"))
    assert Settings().grpc_port == 0
    assert Settings().unix_socket == tmp_path / "s"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", ""),
        ("grpc_port", -1),
        ("http_port", 65536),
        ("max_request_bytes", 0),
        ("max_response_bytes", 2**31),
        ("compute_threads", 0),
        ("shutdown_grace_seconds", -1),
        ("log_level", "loud"),
    ],
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: value})


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_operators_table(name):
    field = Settings.model_fields[name]
    row = next(line for line in OPERATIONS if line.startswith(f"| `LOSSGRAD_{name.upper()}` |"))
    assert field.description in row
    if field.default_factory is None and field.default is not None:
        assert f"| {field.default} |" in row


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)],
)
def test_loopback_is_told_from_the_rest(host, expected):
    assert is_loopback(host) is expected


def test_collector_is_relaxed_in_a_process_that_serves():
    code = """
        import gc
        from lossgrad_service.runtime.collector import relax_collector
        before = gc.get_threshold()
        relax_collector()
        print(gc.get_freeze_count() > 0, gc.get_threshold()[0] > before[0])
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True"]


def test_collector_leaves_out_what_serves():
    code = """
        import gc
        from lossgrad_service.runtime.collector import leave_out_what_serves
        what_serves = [[] for _ in range(1000)]
        leave_out_what_serves()
        print(gc.get_freeze_count() > 1000, gc.get_count()[0] < 1000)
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere niceness is the process's")
def test_threads_that_compute_give_way():
    own = os.getpriority(os.PRIO_PROCESS, 0)
    with compute_threads(1, niceness=3) as threads, spare_thread() as spare:
        nice = [
            each.submit(os.getpriority, os.PRIO_PROCESS, 0).result() for each in (threads, spare)
        ]
    assert nice == [min(own + 3, 19), own]


def test_info_tells_settings():
    info = server_info(Settings(max_request_bytes=7, compute_threads=3), uptime=1.5)
    assert info.limits.max_request_bytes == 7
    assert (info.compute_threads, info.uptime_seconds) == (3, 1.5)


def test_build_tells_what_is_installed():
    assert build() == {
        "version": lossgrad.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "grpcio": grpc.__version__,
        "numpy": np.__version__,
    }


SERVERS = """
    from concurrent.futures import ThreadPoolExecutor

    import numpy
    from threadpoolctl import OpenBLASController, threadpool_info, threadpool_limits

    from lossgrad_service.runtime.threads import compute_threads

    def tell(pools):
        print(*{pool["num_threads"] for pool in pools if pool["user_api"] == "blas"})

    # As on a machine with two cores, and set by nobody.
    threadpool_limits(limits=2, user_api="blas")
    OpenBLASController.clear_controlling_thread(force=True)
    first, second = compute_threads(1, 0), compute_threads(1, 0)
"""


def threads_of_blas(servers):
    """Return what code tells of them after `SERVERS`."""
    return in_fresh_process(dedent(SERVERS) + dedent(servers)).split()


def test_blas_has_one_thread_while_a_server_runs():
    servers = """
        for server in (first, second):
            with server as threads:
                tell(threads.submit(threadpool_info).result())
            tell(threadpool_info())
    """
    assert threads_of_blas(servers) == ["1", "2", "1", "2"]


def test_the_last_of_overlapping_servers_sets_blas_free():
    servers = """
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        tell(threadpool_info())
        second.__exit__(None, None, None)
        tell(threadpool_info())
    """
    assert threads_of_blas(servers) == ["1", "2"]


def test_blas_is_set_free_by_another_thread_than_held_it():
    servers = """
        with ThreadPoolExecutor(1) as other:
            other.submit(first.__enter__).result()
            tell(threadpool_info())
            first.__exit__(None, None, None)
            tell(threadpool_info())
    """
    assert threads_of_blas(servers) == ["1", "2"]
