"""The memory that there is, as machines and containers tell it."""

from __future__ import annotations

import sys

import pytest

from lossgrad_service.memory_limit import memory_limit
from lossgrad_service.runtime.settings import (
    LEAST_ADMISSION,
    Settings,
    usual_admission_bytes,
    usual_workers,
)
from lossgrad_service.workers.shares import shares_of


def write(folder, name, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("lines", "folder", "name"),
    [
        ("0::/\n", ".", "memory.max"),
        ("0::/a/b\n", "a/b", "memory.max"),
        ("0::/a/b\n", "a", "memory.max"),
        ("3:cpu:/\n2:memory:/a\n", "memory/a", "memory.limit_in_bytes"),
        ("2:cpu,memory:/gone\n0::/\n", "memory", "memory.limit_in_bytes"),
    ],
)
def test_the_least_limit_counts(tmp_path, lines, folder, name):
    write(tmp_path, "groups", lines)
    write(tmp_path / folder, name, "1000000\n")
    assert memory_limit(tmp_path / "groups", tmp_path) == 1_000_000


@pytest.mark.parametrize("text", ["max\n", "9223372036854771712\n", ""])
def test_no_limit_is_that_of_the_machine(tmp_path, text):
    write(tmp_path, "groups", "0::/\n")
    write(tmp_path, "memory.max", text)
    assert memory_limit(tmp_path / "groups", tmp_path) == memory_limit(tmp_path / "none", tmp_path)


def test_a_third_of_it_is_for_calls(monkeypatch):
    settings = "lossgrad_service.runtime.settings"
    monkeypatch.setattr(f"{settings}.memory_limit", lambda: 2**33 + 2**28)
    assert usual_admission_bytes() == 2**33 // 3
    monkeypatch.setattr(f"{settings}.memory_limit", lambda: 2**20)
    assert usual_admission_bytes() == LEAST_ADMISSION


@pytest.mark.skipif(sys.platform != "linux", reason="one worker elsewhere")
@pytest.mark.parametrize(("memory", "workers"), [(2**31, 2), (2**30, 1)])
def test_little_memory_is_not_divided(monkeypatch, memory, workers):
    settings = "lossgrad_service.runtime.settings"
    monkeypatch.setattr(f"{settings}.memory_limit", lambda: memory)
    monkeypatch.setattr(f"{settings}.available_cores", lambda: 4)
    assert usual_workers() == workers


def test_workers_have_equal_shares():
    shares = shares_of(Settings(admission_bytes=100, workers=3))
    assert [share.admission_bytes for share in shares] == [33, 33, 33]
