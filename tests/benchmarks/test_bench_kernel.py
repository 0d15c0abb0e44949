"""The benchmark of the kernels times ways to the same numbers, and shows each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table
from typer.testing import CliRunner

from lossgrad_service.benchmarks import timing
from lossgrad_service.benchmarks.copies import copies
from lossgrad_service.benchmarks.figures import rounded
from lossgrad_service.benchmarks.kernel import libraries
from lossgrad_service.benchmarks.kernel.chart import save_chart
from lossgrad_service.benchmarks.kernel.copies import shared_copies
from lossgrad_service.benchmarks.kernel.problems import Way, random_head, random_scores
from lossgrad_service.benchmarks.kernel.shapes import SHAPES, Shape
from lossgrad_service.benchmarks.kernel.table import kernel_table
from lossgrad_service.benchmarks.kernel.ways import ways_through_head, ways_to_dscores
from lossgrad_service.cli import matplotlib_check
from lossgrad_service.cli.app import app

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

SCORES = Shape(3, 4)
HEAD = Shape(3, 4, width=2)
FIGURES = {
    SCORES: {"memcpy": 1e-6, "kernel, 1 thread": 1.5e-6, "PyTorch": 6e-6},
    HEAD: {"memcpy": 1e-3, "whole call, 1 thread": 1.2345, "NumPy": 2.0},
}


def assert_same_answers(ways: Mapping[str, Way]) -> None:
    answers = {name: way() for name, way in ways.items()}
    expected = answers["NumPy"]
    for name, answer in answers.items():
        np.testing.assert_allclose(answer.loss, expected.loss, rtol=1e-5, err_msg=name)
        for found, gradient in zip(answer.gradients, expected.gradients, strict=True):
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, gradient, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(("rows", "classes"), [(1, 2), (7, 10), (3000, 200)])
def test_ways_from_scores_give_the_same(rows: int, classes: int) -> None:
    ways = ways_to_dscores(random_scores(rows, classes))
    assert {"kernel, 1 thread", "kernel, 2 threads", "whole call, 2 threads"} < ways.keys()
    assert_same_answers(ways)


@pytest.mark.parametrize(("rows", "width", "classes"), [(1, 1, 2), (300, 5, 20)])
def test_ways_through_a_layer_give_the_same(rows: int, width: int, classes: int) -> None:
    ways = ways_through_head(random_head(rows, width, classes))
    assert {"whole call, 1 thread", "whole call, 2 threads"} < ways.keys()
    assert_same_answers(ways)


def test_copies_are_copies() -> None:
    sources = [np.arange(15.0).reshape(5, 3), np.arange(4.0)]
    for copy in (copies(*sources), shared_copies(*sources, threads=2)):
        for target, source in zip(copy(), sources, strict=True):
            np.testing.assert_array_equal(target, source)


def test_libraries_that_are_not_there_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(libraries.DISTRIBUTIONS, "PyTorch", "no-such-distribution")
    assert "PyTorch" not in ways_to_dscores(random_scores(2, 3))
    assert "PyTorch is not installed" in str(kernel_table(FIGURES).caption)


@pytest.mark.parametrize(("text", "shape"), [("3x4", SCORES), ("3x2x4", HEAD)])
def test_shapes_are_read(text: str, shape: Shape) -> None:
    assert Shape.parse(text) == shape
    assert str(shape) == text.replace("x", "×")


@pytest.mark.parametrize("text", ["", "3", "3x0", "3x2x2x4", "threexfour"])
def test_other_texts_are_no_shapes(text: str) -> None:
    done = CliRunner().invoke(app, ["bench-kernel", "--shape", text])
    assert done.exit_code == 2
    assert "--shape" in done.output


def test_turns_are_taken_in_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("SETTLING_SECONDS", "WARMING_SECONDS", "TURN_SECONDS"):
        monkeypatch.setattr(timing, pause, 0)
    called: list[str] = []
    ways = {"a": lambda: called.append("a"), "b": lambda: called.append("b")}
    assert timing.settled_medians(ways, 2).keys() == {"a", "b"}
    assert called == ["a", "a", "b", "b"] * 2


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [(0.0006264, 3, "0.000626"), (1234.5, 3, "1,230"), (183.2, 3, "183"), (0.955, 1, "1")],
)
def test_numbers_have_as_many_digits_as_asked(number: float, digits: int, text: str) -> None:
    assert rounded(number, digits) == text


def test_table_compares_with_a_copy_and_with_pytorch() -> None:
    lines = shown(kernel_table(FIGURES)).splitlines()
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]
    assert [row for row in cells if row] == [
        ["3×4", "memcpy", "0.001", "1", "0.17"],
        ["", "kernel, 1 thread", "0.0015", "1.5", "0.25"],
        ["", "PyTorch", "0.006", "6", "1"],
        ["3×2×4", "memcpy", "1", "1", "–"],
        ["", "whole call, 1 thread", "1,230", "1,200", "–"],
        ["", "NumPy", "2,000", "2,000", "–"],
    ]


def shown(table: Table) -> str:
    """Return what a terminal of 120 columns shows."""
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


@pytest.mark.parametrize("shapes", [[SCORES], [SCORES, HEAD], SHAPES])
def test_chart_is_a_png_in_a_new_folder(tmp_path: Path, shapes: list[Shape]) -> None:
    path = tmp_path / "out" / "chart.png"
    save_chart(dict.fromkeys(shapes, FIGURES[SCORES]), path)
    assert path.read_bytes().startswith(PNG_SIGNATURE)


def test_command_shows_every_shape_and_draws(tmp_path: Path) -> None:
    png, figures = tmp_path / "chart.png", tmp_path / "new" / "figures.json"
    options = ["--shape", "3x4", "--shape", "3x2x4", "--rounds", "1", "--png", str(png)]
    done = CliRunner().invoke(app, ["bench-kernel", *options, "--json", str(figures)])
    assert done.exit_code == 0, done.output
    scores, head = json.loads(figures.read_text())["shapes"]
    assert (scores["rows"], scores["classes"], head["width"]) == (3, 4, 2)
    assert all(seconds > 0 for seconds in scores["seconds"].values())
    for text in ("3×4", "3×2×4", "memcpy", "kernel, 2 threads", "whole call, 1 thread", "NumPy"):
        assert text in done.output
    assert png.read_bytes().startswith(PNG_SIGNATURE)


def test_missing_matplotlib_is_told_before_anything_is_timed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(matplotlib_check, "find_spec", lambda _: None)
    done = CliRunner().invoke(app, ["bench-kernel", "--png", str(tmp_path / "chart.png")])
    assert done.exit_code == 1
    assert "pip install 'lossgrad[demo]'" in done.output
