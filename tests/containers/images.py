"""Build the images of docker-compose.yml, with what this machine can have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tests.containers.base import base_image
from tests.containers.engine import ROOT, Engine, find_engine
from tests.containers.names import GRAFANA, PROMETHEUS, VARIABLES
from tests.containers.pip_settings import build_settings, certificates, pip_settings
from tests.containers.prometheus import build_prometheus

COMPOSE_FILE = ROOT / "docker-compose.yml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE_FILE.read_text())["services"]


def build_all(engine: Engine, folder: Path) -> None:
    """Build our own images, and Prometheus' where it cannot be had; Grafana's is done without.

    Parameters
    ----------
    engine
        What builds them.
    folder
        Takes what is passed as secrets.
    """
    base = base_image(engine)
    shared = [f"--build-arg=BASE_IMAGE={base}", *_secrets(folder), *_ways(engine)]
    for arguments in _own_images():
        engine.run("build", *shared, *arguments, ROOT)
    if not _take_published(engine, "prometheus", PROMETHEUS):
        build_prometheus(engine, PROMETHEUS, base, folder)
    _take_published(engine, "grafana", GRAFANA)


def _take_published(engine: Engine, service: str, name: str) -> bool:
    """Give an image of others our own name beside its own; return whether it can be had."""
    _, published = named_and_usual(SERVICES[service]["image"])
    if not engine.can_have(published):
        return False
    engine.run("tag", published, name)
    return True


def named_and_usual(image: str) -> tuple[str, str]:
    """Return the variable that names an image of the compose file, and its name without it."""
    ((variable, usual),) = re.findall(r"^\$\{(\w+):-(\S+)\}$", image)
    return variable, usual


def _own_images() -> Iterator[list[str | Path]]:
    """Yield the arguments of every build that the compose file names."""
    for service in SERVICES.values():
        if "build" in service:
            build = service["build"]
            target = [f"--target={build['target']}"] if "target" in build else []
            variable, _ = named_and_usual(service["image"])
            yield ["--file", ROOT / build["dockerfile"], "--tag", VARIABLES[variable], *target]


def _secrets(folder: Path) -> list[str]:
    settings = pip_settings()
    files = {"pip.conf": folder / "pip.conf", "certificates": certificates(settings)}
    (folder / "pip.conf").write_text(build_settings(settings))
    return [f"--secret=id={name},src={file}" for name, file in files.items() if file is not None]


def _ways(engine: Engine) -> list[str]:
    """Return how Podman builds without control groups or networks of the build's own."""
    if not engine.is_podman:
        return []
    # The format of OCI has no health checks.
    return ["--isolation=chroot", "--network=host", "--format=docker", "--layers"]


if __name__ == "__main__":
    with TemporaryDirectory() as kept_from_layers:
        chosen = Path(kept_from_layers)
        build_all(find_engine(chosen), chosen)
