"""The command's door: a base install is told what it lacks."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest
from lossgrad_service import __main__ as door

WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Missing())
import importlib.util
real = importlib.util.find_spec
def find_spec(name):
    try:
        return real(name)
    except ModuleNotFoundError:
        return None
importlib.util.find_spec = find_spec
from lossgrad_service.__main__ import main
main()
"""


@pytest.mark.parametrize("missing", [["typer"], ["fastapi", "uvicorn"], list(door.NEEDED)])
def test_base_install_is_told_in_one_line(missing):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing=missing)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        'lossgrad\'s command line needs the service: pip install "lossgrad[service]"\n'
    )


def test_version_of_the_installed_command():
    done = subprocess.run(
        [sys.executable, "-m", "lossgrad_service", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"lossgrad {version('lossgrad')}\n"
