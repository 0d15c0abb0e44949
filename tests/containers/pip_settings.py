"""Where this machine's pip has packages from, for the pip of a build."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

CERTIFICATES = "/run/secrets/certificates"
"""Where the build sees the certificates."""

_KEPT = ("index-url", "extra-index-url", "proxy", "trusted-host", "timeout", "default-timeout")

_LINE = re.compile(r"(?:global|install|:env:)\.([\w-]+)='(.*)'")


def pip_settings() -> dict[str, str]:
    """Return what files and variables set for pip; later ones win."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    )
    return dict(_LINE.findall(listed.stdout))


def build_settings(settings: dict[str, str]) -> str:
    """Return a pip.conf with what can be had from within a build."""
    kept = {name: _remote(settings[name]) for name in _KEPT if name in settings}
    if certificates(settings) is not None:
        kept["cert"] = CERTIFICATES
    return "\n".join(
        ["[global]", *(f"{name} = {value}" for name, value in kept.items() if value), ""]
    )


def certificates(settings: dict[str, str]) -> Path | None:
    """Return the file of authorities that this machine's pip trusts, None for pip's own."""
    named = settings.get("cert") or os.environ.get("SSL_CERT_FILE")
    return Path(named) if named else None


def _remote(value: str) -> str:
    """Leave out what is a folder of this machine."""
    return " ".join(word for word in value.split() if not word.startswith(("file:", "/")))
