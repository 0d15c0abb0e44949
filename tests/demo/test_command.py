"""The whole command, as a person runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from lossgrad_service.cli.errors import WRONG_INPUT
from lossgrad_service.demo import command
from tests.running import is_gone

DEMO = [sys.executable, "-m", "lossgrad_service", "demo"]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def test_short_training_end_to_end(tmp_path: Path) -> None:
    png = tmp_path / "curve.png"
    figures = tmp_path / "new" / "figures.json"
    done = subprocess.run(
        [*DEMO, "--epochs", "2", "--png", png, "--json", figures],
        capture_output=True,
        text=True,
        check=True,
    )
    last_line = done.stdout.splitlines()[-1]
    found = re.fullmatch(r"test accuracy (\d+\.\d) %", last_line)
    assert found is not None
    assert float(found[1]) > 85
    told = json.loads(figures.read_text())
    assert f"{100 * told['accuracy']:.1f}" == found[1]
    assert told["losses"][-1] < told["losses"][0]
    assert png.read_bytes().startswith(PNG_SIGNATURE)
    for row in ("steps", "calls", "calls per second", "in the service", "on the wire"):
        assert row in done.stdout


@pytest.fixture
def heeded_interrupts() -> Iterator[None]:
    """Have children heed Ctrl-C; those of a shell's background jobs inherit that they do not."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.mark.usefixtures("heeded_interrupts")
def test_ctrl_c_stops_everything(tmp_path: Path) -> None:
    """An interrupt goes to the whole foreground process group, as a terminal sends it."""
    with subprocess.Popen(
        [*DEMO, "--epochs", "200", "--png", tmp_path / "curve.png"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        assert process.stdout is not None
        target = process.stdout.readline().split()[-1]
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate()
    assert (process.returncode, errors) == (command.INTERRUPTED, "lossgrad: stopped\n")
    assert is_gone(target)


def test_target_that_means_nothing_is_told_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [*DEMO, "--target", "nonsense://", "--png", tmp_path / "curve.png"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == WRONG_INPUT
    assert re.fullmatch(r"lossgrad: target: .*\n", done.stderr)


def test_missing_extra_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "EXTRA_PACKAGES", ("sklearn", "no_such_package"))
    with pytest.raises(typer.Exit) as stopped:
        command.demo()
    assert stopped.value.exit_code == 1
    assert capsys.readouterr().err == (
        "lossgrad: the demo needs its extra: pip install 'lossgrad[demo]'\n"
    )
