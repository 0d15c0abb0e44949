"""The benchmark of several servers times a batch over each number of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lossgrad_service.benchmarks import timing
from lossgrad_service.benchmarks.scaling import processors
from lossgrad_service.cli.app import app


def test_every_number_of_servers_is_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("SETTLING_SECONDS", "WARMING_SECONDS", "TURN_SECONDS"):
        monkeypatch.setattr(timing, pause, 0)
    monkeypatch.setattr(processors, "COUNTED_SECONDS", 0)
    kept = tmp_path / "figures.json"
    options = ["--shape", "600x1000", "--shape", "64x8x10", "--servers", "2", "--rounds", "1"]
    done = CliRunner().invoke(app, ["bench-scaling", *options, "--json", str(kept)])
    assert done.exit_code == 0, done.output
    shapes = json.loads(kept.read_text())["shapes"]
    assert [(shape["rows"], shape["width"]) for shape in shapes] == [(600, None), (64, 8)]
    for shape in shapes:
        assert set(shape["seconds"]) == {"Client", "sharded 2"}
        assert all(taken["wall"] > 0 < taken["caller"] for taken in shape["seconds"].values())
    assert "600×1000" in done.output
