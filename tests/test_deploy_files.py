"""The container files against the repository and the settings that they repeat."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from lossgrad_service.child import running_service
from lossgrad_service.cli.app import COMMANDS
from lossgrad_service.runtime.settings import Settings

Compose = dict[str, Any]

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "service/Dockerfile").read_text().replace("\\\n", " ")
PORTS = {Settings.model_fields[name].default for name in ("grpc_port", "http_port")}


def instructions(name: str) -> list[str]:
    """Return what follows `name` in each such instruction of the Dockerfile."""
    return re.findall(rf"^{name}\s+(.*)$", DOCKERFILE, re.MULTILINE)


def copied_from_context() -> list[str]:
    """Return the paths of the repository that the Dockerfile copies."""
    copies = [copy.split() for copy in instructions("COPY") if not copy.startswith("--from")]
    return [source for *sources, _ in copies for source in sources]


@pytest.fixture(scope="module")
def service() -> Compose:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["lossgrad"]


@pytest.fixture(scope="module")
def health_command() -> list[str]:
    """The command that the Dockerfile checks the health with."""
    (check,) = instructions("HEALTHCHECK")
    return json.loads(check.partition("CMD")[2])


@pytest.mark.parametrize("path", copied_from_context())
def test_dockerfile_copies_what_exists_and_is_let_through(path: str) -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert (ROOT / path).exists()
    assert f"!{path}" in ignore


def test_dockerignore_lets_nothing_else_through() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignore if line.startswith("!")} == set(copied_from_context())


def test_compose_builds_from_files_that_exist(service: Compose) -> None:
    build = service["build"]
    assert (ROOT / build["context"] / build["dockerfile"]).is_file()


def test_image_is_compiled_ahead() -> None:
    """By whoever installed it: the user that runs it cannot write there."""
    installed, compiled, copied, user = map(
        DOCKERFILE.index,
        ("pip install", "bin/lossgrad warmup", "COPY --from=build /opt/lossgrad", "USER"),
    )
    assert installed < compiled < copied < user
    assert "warmup" in COMMANDS


def test_ports_are_those_of_the_settings(service: Compose) -> None:
    (exposed,) = instructions("EXPOSE")
    assert {int(port) for port in exposed.split()} == PORTS
    assert {int(port.rpartition(":")[2]) for port in service["ports"]} == PORTS


def test_ports_are_published_on_loopback_only(service: Compose) -> None:
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_container_without_keys_is_only_that_of_compose(service: Compose) -> None:
    assert service["command"] == [*json.loads(instructions("CMD")[-1]), "--insecure"]
    assert "INSECURE" not in DOCKERFILE


def test_container_is_hardened(service: Compose) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    (user,) = instructions("USER")
    assert min(map(int, user.split(":"))) > 0


def test_environment_names_settings() -> None:
    names = re.findall(r"LOSSGRAD_(\w+)=", DOCKERFILE)
    assert names
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_compose_waits_for_the_servers_own_grace(service: Compose) -> None:
    seconds = float(service["stop_grace_period"].removesuffix("s"))
    fields = Settings.model_fields
    own = [fields[name].default for name in ("lame_duck_seconds", "shutdown_grace_seconds")]
    assert seconds > sum(own)


def test_health_check_is_the_same_in_both_files(
    service: Compose, health_command: list[str]
) -> None:
    assert service["healthcheck"]["test"] == ["CMD", *health_command]


def test_containers_command_is_one_of_ours() -> None:
    command = json.loads(instructions("CMD")[-1])
    assert command[0] == "lossgrad"
    assert command[1] in COMMANDS


def test_health_check_passes_where_the_service_is_up(health_command: list[str]) -> None:
    *command, default_target = health_command
    assert command.pop(0) == "lossgrad"
    assert int(default_target.removeprefix("localhost:")) in PORTS
    with running_service() as targets:
        check = [sys.executable, "-m", "lossgrad_service", *command, targets["gRPC"]]
        subprocess.run(check, check=True, stdout=subprocess.DEVNULL)
