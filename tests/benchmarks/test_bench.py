"""The benchmark makes the same call by every way, and counts what it says it counts."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from lossgrad import TooLarge
from lossgrad_service.benchmarks.timing import WARM_UP, medians
from lossgrad_service.benchmarks.ways import batch, open_ways
from lossgrad_service.cli.app import app
from tests.running import running_server


def test_every_way_brings_the_same_gradient() -> None:
    with (
        running_server() as running,
        open_ways(running.server.addresses, batch(3, 4)) as ways,
    ):
        answers = {name: call() for name, call in ways.items()}
    lists = answers.pop("HTTP, nested lists")
    gradients = [answer.dscores for answer in answers.values()]
    assert len(gradients) == 3
    for gradient in gradients:
        np.testing.assert_array_equal(gradient, gradients[0])
    # Lists are float64: the same scores, with a gradient in float64.
    np.testing.assert_allclose(lists, gradients[0], rtol=1e-5)


def test_lists_that_are_too_large_are_told_so() -> None:
    with (
        running_server(max_request_bytes=500) as running,
        open_ways(running.server.addresses, batch(16, 4)) as ways,
        pytest.raises(TooLarge),
    ):
        ways["HTTP, nested lists"]()


def test_ways_are_called_in_turn() -> None:
    called: list[str] = []
    figures = medians({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, 2)
    assert figures.keys() == {"a", "b"}
    assert called == ["a"] * WARM_UP + ["b"] * WARM_UP + ["a", "b"] * 2


def test_command_shows_every_way() -> None:
    shown = CliRunner().invoke(app, ["bench", "--rows", "2", "--classes", "3", "--repeats", "1"])
    assert shown.exit_code == 0, shown.output
    for way in ("gRPC", "HTTP, base64 arrays", "HTTP, nested lists", "local: (no wire)"):
        assert way in shown.output
