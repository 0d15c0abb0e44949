"""Nets trained through the service follow the loss curves of nets trained without it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.examples import run
from tests.running import running_server

MOST = 2e-6
"""How far two float32 curves that begin at 2.3 may part: some roundings, times those that grow."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, str]]:
    with running_server() as running:
        yield {"local": "local:", **running.server.addresses}


@pytest.fixture(params=["local", "gRPC", "HTTP"])
def target(request: pytest.FixtureRequest, targets: dict[str, str]) -> str:
    return targets[request.param]


def test_curves_of_pytorch_are_equal_and_drawn(target: str, tmp_path: Path):
    png = tmp_path / "out" / "curves.png"
    assert_equal_curves(run("torch_digits", "--target", target, "--png", str(png)))
    assert png.read_bytes().startswith(PNG_SIGNATURE)


def test_curves_of_jax_are_equal(target: str):
    assert_equal_curves(run("jax_digits", "--target", target))


def assert_equal_curves(said: str) -> None:
    """Hold the curves together, of nets that have learnt something."""
    [(last, difference)] = re.findall(r" to (\S+)\nlargest difference (\S+)\n", said)
    assert float(last) < 0.5
    assert float(difference) < MOST
