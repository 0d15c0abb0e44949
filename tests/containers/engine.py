"""The container engine of this machine, and how commands are given to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.containers.names import VARIABLES

ROOT = Path(__file__).parents[2]

_PODMAN_SETTINGS = """\
[containers]
# Limits that may not be raised are refused at the start; these are low enough anywhere.
default_ulimits = ["nofile=4096:4096", "nproc=2000:2000"]

[engine]
# crun refuses the mixed control groups that some machines have.
runtime = "runc"
"""


class NoEngineError(Exception):
    """Neither Docker nor Podman can run containers here."""


@dataclass(frozen=True)
class Engine:
    """Commands of one engine, which all have the same environment.

    Parameters
    ----------
    command, compose_command
        What the arguments of the engine, and of its compose, come after.
    environment
        What is set for them beside this process's own variables.
    """

    command: tuple[str, ...]
    compose_command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_podman(self) -> bool:
        """Whether it has no daemon, so that nobody checks the health of containers unasked."""
        return Path(self.command[0]).name == "podman"

    def run(self, *arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
        """Run a command of the engine and return what it said."""
        return self._run([*self.command, *arguments], **options)

    def compose(
        self, *arguments: str | Path, **options: object
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the engine's compose."""
        return self._run([*self.compose_command, *arguments], **options)

    def output(self, *arguments: str | Path) -> str:
        """Return what a command of the engine writes to standard output."""
        return self.run(*arguments, stdout=subprocess.PIPE).stdout.strip()

    def has(self, image: str) -> bool:
        """Whether an image is on this machine."""
        return self._succeeds("image", "inspect", image)

    def can_have(self, image: str) -> bool:
        """Whether an image is on this machine, or comes from where it is published."""
        return self.has(image) or self._succeeds("pull", "--quiet", image)

    def _succeeds(self, *arguments: str) -> bool:
        return self.run(*arguments, check=False, capture_output=True).returncode == 0

    def _run(
        self, command: Sequence[str | Path], **options: object
    ) -> subprocess.CompletedProcess[str]:
        chosen: dict[str, Any] = {"check": True, "text": True, **options}
        environment = {**os.environ, **self.environment}
        return subprocess.run(command, env=environment, **chosen)  # noqa: PLW1510


def find_engine(folder: Path) -> Engine:
    """Return Docker where its engine answers, Podman otherwise, whose settings go into `folder`."""
    if _answers("docker", "info") and _answers("docker", "compose", "version"):
        return Engine(("docker",), ("docker", "compose"), VARIABLES)
    if shutil.which("podman"):
        return _podman(folder)
    raise NoEngineError(
        "no docker engine answers and there is no podman: start the one, or `make containers`"
    )


def _podman(folder: Path) -> Engine:
    settings = folder / "containers.conf"
    settings.write_text(_PODMAN_SETTINGS)
    compose = (sys.executable, "-m", "podman_compose")
    return Engine(("podman",), compose, {"CONTAINERS_CONF": str(settings), **VARIABLES})


def _answers(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
