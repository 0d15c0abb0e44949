"""The benchmark of training steps times ways to the same numbers, and shows each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from lossgrad import TooLarge
from lossgrad_service.benchmarks import timing
from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.kernel.ways import PYTORCH
from lossgrad_service.benchmarks.servers import running_lossgrad
from lossgrad_service.benchmarks.training import run
from lossgrad_service.benchmarks.training.steps import HTTP, PROTOCOLS, open_clients, steps
from lossgrad_service.benchmarks.training.table import training_table
from lossgrad_service.benchmarks.ways.names import LOCAL
from lossgrad_service.cli.app import app

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

SCORES = Shape(40, 30)
HEAD = Shape(40, 30, width=20)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch):
    for pause in ("SETTLING_SECONDS", "WARMING_SECONDS", "TURN_SECONDS"):
        monkeypatch.setattr(timing, pause, 0)


def test_ways_bring_the_same():
    with running_lossgrad() as child, open_clients(child.addresses) as clients:
        for shape in (SCORES, HEAD):
            answers = {way: step() for way, step in steps(shape, clients).items()}
            assert answers.keys() == {PYTORCH, *clients}
            for way, found in answers.items():
                assert_same(found, answers[PYTORCH], f"{way}, {shape}")


def assert_same(found, expected, message: str):
    np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-5, err_msg=message)
    for ours, theirs in zip(found.gradients, expected.gradients, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6, err_msg=message)


def test_way_that_does_not_take_a_shape_is_told_by_a_dash():
    def too_large():
        raise TooLarge("more than the server takes")

    figures = {SCORES: run._medians({PYTORCH: list, HTTP: too_large}, rounds=1)}
    [row] = [line for line in shown(figures) if HTTP in line]
    assert row.count("–") == 2


def shown(figures) -> list[str]:
    """Return the lines that a terminal of 120 columns shows of a table."""
    console = Console(width=120)
    with console.capture() as capture:
        console.print(training_table(figures))
    return capture.get().splitlines()


def test_command_shows_every_shape_and_draws(tmp_path: Path):
    png = tmp_path / "out" / "chart.png"
    options = ["--shape", "3x4", "--shape", "3x2x4", "--rounds", "1", "--png", str(png)]
    done = CliRunner().invoke(app, ["bench-training", *options])
    assert done.exit_code == 0, done.output
    for text in ("3×4", "3×2×4", PYTORCH, LOCAL, *PROTOCOLS):
        assert text in done.output
    assert png.read_bytes().startswith(PNG_SIGNATURE)
