"""What lies in the image, and what does not."""

from __future__ import annotations

import json
import stat

import pytest

from tests.containers.engine import Engine
from tests.containers.names import SERVICE

MOST_BYTES = 400 * 10**6

TOOLS = {
    *("apt-get", "bash", "cc", "curl", "dpkg", "gcc", "git", "ld", "make", "npm"),
    *("openssl", "pip", "pip3", "sh", "wget"),
}

WALK = """
import os, json, stat
def walked():
    for folder, folders, files in os.walk("/"):
        if folder == "/":
            folders[:] = set(folders) - {"proc", "sys", "dev"}
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                yield path, os.lstat(path).st_mode, os.access(path, os.W_OK)
print(json.dumps(list(walked())))
"""
"""Writes the paths of the image, with their modes and whether its user may write to them."""


@pytest.fixture(scope="module")
def entries(engine: Engine) -> list[tuple[str, int, bool]]:
    alone = ("--rm", "--no-healthcheck", "--network=none")
    return json.loads(engine.output("run", *alone, SERVICE, "python3", "-c", WALK))


@pytest.fixture(scope="module")
def files(entries: list[tuple[str, int, bool]]) -> list[str]:
    return [path for path, mode, _ in entries if stat.S_ISREG(mode)]


def test_it_is_small(engine: Engine) -> None:
    assert int(engine.output("image", "inspect", "--format={{.Size}}", SERVICE)) < MOST_BYTES


def test_it_has_nothing_to_build_with(files: list[str]) -> None:
    assert not TOOLS & {file.rpartition("/")[2] for file in files}
    assert not [file for file in files if "/site-packages/pip/" in file or "ensurepip" in file]


def test_it_keeps_nothing_of_where_packages_came_from(files: list[str]) -> None:
    assert not [file for file in files if file.endswith(("/pip.conf", "/sources.list", ".sources"))]
    assert not [file for file in files if file.startswith(("/run/secrets/", "/src/", "/wheels/"))]


def test_its_user_may_write_to_temporary_files_only(entries: list[tuple[str, int, bool]]) -> None:
    writable = {path for path, _, may_write in entries if may_write}
    assert writable <= {"/tmp", "/run/secrets"}


def test_no_file_gains_privileges(entries: list[tuple[str, int, bool]]) -> None:
    gains = stat.S_ISUID | stat.S_ISGID
    assert not [path for path, mode, _ in entries if stat.S_ISREG(mode) and mode & gains]


def test_health_check_is_in_the_image(engine: Engine) -> None:
    (described,) = json.loads(engine.output("image", "inspect", SERVICE))
    check = described["Config"].get("Healthcheck") or described["Healthcheck"]
    assert check["Test"][:3] == ["CMD", "lossgrad", "info"]
