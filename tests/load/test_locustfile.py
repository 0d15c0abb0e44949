"""A short run of locust against a service, in a process of its own: gevent patches it."""

from __future__ import annotations

from pathlib import Path

import pytest

from load.locust_run import Run, run_locust
from load.rows import read_rows
from load.verdict import Verdict
from tests.running import running_server

IMPOSSIBLE = "[mixed]\nsteady = { error_rate = 0.0, p99_ms = 1e6, calls_per_second = 1e9 }\n"


def test_both_users_are_answered_and_a_broken_budget_is_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    budgets = tmp_path / "budgets.toml"
    budgets.write_text(IMPOSSIBLE)
    monkeypatch.setenv("LOSSGRAD_LOAD_BUDGETS", str(budgets))
    with running_server() as running:
        outcome = run_locust(Run("mixed", "steady", 5), running.server.addresses, tmp_path)
    rows = read_rows(tmp_path / "mixed-steady.csv")
    assert {row.way for row in rows} >= {"gRPC", "POST"}
    assert sum(row.failures for row in rows) == 0
    assert outcome.exit_code == Verdict.BROKEN
    assert "load: mixed steady: throughput:" in capfd.readouterr().err
    assert (tmp_path / "mixed-steady.html").stat().st_size
