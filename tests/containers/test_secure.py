"""The profile `secure`: who has a token and trusts the authority is answered, nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import lossgrad
from tests.containers.engine import ROOT, Engine
from tests.containers.names import BUILD
from tests.containers.project import Project, running

TARGETS = ["grpcs://localhost:50052", "https://localhost:8443"]


@pytest.fixture(scope="module")
def project(engine: Engine) -> Iterator[Project]:
    with running(engine, profile="secure") as project:
        project.wait_until_healthy("secure")
        yield project


@dataclass(frozen=True)
class Given:
    """What callers are given."""

    token: str
    authority: Path


@pytest.fixture(scope="module")
def given(engine: Engine, project: Project, tmp_path_factory: pytest.TempPathFactory) -> Given:
    def read(name: str) -> str:
        # The caller has ended; what it saw is still there.
        seen = f"--volumes-from={project.container('caller')}"
        return engine.output("run", "--rm", seen, BUILD, "cat", f"/credentials/{name}")

    authority = tmp_path_factory.mktemp("secure") / "authority.pem"
    authority.write_text(read("authority.pem"))
    return Given(read("token"), authority)


def test_caller_with_a_token_is_answered(project: Project) -> None:
    assert project.wait("caller") == 0
    assert json.loads(project.logs("caller"))["loss"] == pytest.approx(0.4076, abs=1e-4)


@pytest.mark.parametrize("target", TARGETS)
def test_token_counts_from_outside_too(target: str, given: Given) -> None:
    with lossgrad.Client(target, token=given.token, tls_ca=given.authority) as client:
        assert client.info().version


@pytest.mark.parametrize("target", TARGETS)
def test_without_a_token_nobody_is_answered(target: str, given: Given) -> None:
    with (
        lossgrad.Client(target, tls_ca=given.authority) as client,
        pytest.raises(lossgrad.Unauthenticated),
    ):
        client.info()


def test_service_sees_neither_the_token_nor_the_key_of_the_authority(project: Project) -> None:
    listed = project.execute(
        "secure", "python3", "-c", "import os; print(*os.listdir('/credentials'))"
    )
    assert set(listed.split()) == {"certificate.pem", "key.pem", "keys.toml"}


TWICE = """
sh /secure/credentials.sh /service /caller
rm /caller/token
sh /secure/credentials.sh /service /caller
ls -ln /service /caller
"""


def test_what_was_made_is_replaced_without_any_other_privilege(engine: Engine) -> None:
    listed = engine.output(
        *("run", "--rm", "--read-only", "--cap-drop=ALL", "--cap-add=CHOWN", "--network=none"),
        *("--tmpfs=/tmp", "--tmpfs=/service", "--tmpfs=/caller"),
        *("--volume", f"{ROOT}/deploy/secure:/secure:ro", BUILD, "sh", "-euc", TWICE),
    )
    files = [line.split() for line in listed.splitlines() if line.startswith("-")]
    assert len(files) == 5
    assert {(mode, user) for mode, _, user, *_ in files} == {("-rw-------", "10001")}
