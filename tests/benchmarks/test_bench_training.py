"""The benchmark of training steps says what it lacks; `integrations` has its tests."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from lossgrad_service.benchmarks.training import command
from lossgrad_service.cli.app import app


def test_missing_pytorch_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    done = CliRunner().invoke(app, ["bench-training"])
    assert done.exit_code == 1
    assert "pip install 'lossgrad[torch]'" in done.output
