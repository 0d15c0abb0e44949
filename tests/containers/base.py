"""The image that others are made from: the one that is named, or one that is made here."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.containers.engine import ROOT, Engine
from tests.containers.names import BASE

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lossgrad-containers"
"""Where the archive of a base image that was made here lies for the next runs."""


def base_image(engine: Engine) -> str:
    """Return the Dockerfile's base where it can be had, otherwise one of Debian's packages."""
    named = _named()
    return named if engine.can_have(named) else _made_here(engine)


def _named() -> str:
    dockerfile = (ROOT / "service/Dockerfile").read_text()
    (named,) = re.findall(r"^ARG BASE_IMAGE=(\S+)$", dockerfile, re.MULTILINE)
    return named


def _made_here(engine: Engine) -> str:
    archive = _CACHE / "base.tar"
    subprocess.run([Path(__file__).parent / "base_image.sh", archive], check=True)
    name = f"{BASE}:{archive.stat().st_mtime_ns}"
    if not engine.has(name):
        engine.run("import", "--quiet", archive, name, stdout=subprocess.DEVNULL)
    return name
