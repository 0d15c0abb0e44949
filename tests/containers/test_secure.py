"""The profile `secure`: who has a token and trusts the authority is answered, nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import lossgrad
from tests.containers.engine import Engine
from tests.containers.project import Project, running

TARGETS = ["grpcs://localhost:50052", "https://localhost:8443"]


@pytest.fixture(scope="module")
def project(engine: Engine) -> Iterator[Project]:
    with running(engine, profile="secure") as project:
        project.wait_until_healthy("secure")
        yield project


@pytest.fixture(scope="module")
def authority(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("secure") / "authority.pem"
    file.write_text(_read(project, "/credentials/authority.pem"))
    return file


def _read(project: Project, path: str) -> str:
    return project.execute("secure", "python3", "-c", f"print(open({path!r}).read())")


def test_caller_with_a_token_is_answered(project: Project) -> None:
    assert project.wait("caller") == 0
    assert json.loads(project.logs("caller"))["loss"] == pytest.approx(0.4076, abs=1e-4)


@pytest.mark.parametrize("target", TARGETS)
def test_token_counts_from_outside_too(target: str, project: Project, authority: Path) -> None:
    token = _read(project, "/credentials/token").strip()
    with lossgrad.Client(target, token=token, tls_ca=authority) as client:
        assert client.info().version


@pytest.mark.parametrize("target", TARGETS)
def test_without_a_token_nobody_is_answered(target: str, authority: Path) -> None:
    with (
        lossgrad.Client(target, tls_ca=authority) as client,
        pytest.raises(lossgrad.Unauthenticated),
    ):
        client.info()


def test_key_of_the_authority_is_forgotten(project: Project) -> None:
    listed = project.execute(
        "secure", "python3", "-c", "import os; print(*os.listdir('/credentials'))"
    )
    assert "authority-key.pem" not in listed.split()
