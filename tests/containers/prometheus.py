"""Prometheus in an image of Debian's package, where the public one cannot be pulled."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.containers.engine import Engine

_DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY package/usr/bin/prometheus package/usr/bin/promtool /bin/
RUN mkdir /prometheus && chown nobody: /prometheus
USER nobody
ENTRYPOINT ["/bin/prometheus"]
"""


def build_prometheus(engine: Engine, name: str, base: str, folder: Path) -> None:
    """Build a stand-in for the image `name`, which has its commands and its user.

    Parameters
    ----------
    engine
        What builds it: Podman, on Debian.
    name
        What the image will be found by.
    base
        The image that it is made from.
    folder
        Where the package is unpacked.
    """
    context = folder / "prometheus"
    context.mkdir()
    _unpack("prometheus", context)
    (context / "Dockerfile").write_text(_DOCKERFILE)
    engine.run(
        "build",
        *("--isolation=chroot", f"--build-arg=BASE_IMAGE={base}", "--tag", name),
        context,
    )


def _unpack(package: str, folder: Path) -> None:
    """Unpack a package of Debian's below `folder`, which installs and starts nothing."""
    subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, check=True)
    (archive,) = folder.glob("*.deb")
    subprocess.run(["dpkg-deb", "--extract", archive, folder / "package"], check=True)
