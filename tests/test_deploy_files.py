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
from tests.containers.images import named_and_usual
from tests.containers.names import VARIABLES

Compose = dict[str, Any]

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "service/Dockerfile").read_text().replace("\\\n", " ")
COMPOSE: Compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Compose] = COMPOSE["services"]
PORTS = {Settings.model_fields[name].default for name in ("grpc_port", "http_port")}


def instructions(name: str) -> list[str]:
    """Return what follows `name` in each such instruction of the Dockerfile."""
    return re.findall(rf"^{name}\s+(.*)$", DOCKERFILE, re.MULTILINE)


def copied_from_context() -> set[str]:
    """Return the paths of the repository that the Dockerfile copies."""
    own = [copy.split() for copy in instructions("COPY") if not copy.startswith("--from")]
    return {source for *sources, _ in own for source in sources}


def mounted_files() -> set[str]:
    """Return the paths of the repository that containers see."""
    volumes = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    return {volume.split(":")[0] for volume in volumes if volume.startswith(".")}


@pytest.fixture(scope="module")
def service() -> Compose:
    return SERVICES["lossgrad"]


@pytest.fixture(scope="module")
def health_command() -> list[str]:
    """The command that the Dockerfile checks the health with."""
    (check,) = instructions("HEALTHCHECK")
    return json.loads(check.partition("CMD")[2])


@pytest.mark.parametrize("path", sorted(copied_from_context()))
def test_dockerfile_copies_what_exists_and_is_let_through(path: str) -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert (ROOT / path).exists()
    assert f"!{path}" in ignore


def test_dockerignore_lets_nothing_else_through() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignore if line.startswith("!")} == copied_from_context()


def test_base_is_pinned() -> None:
    assert re.search(r"^BASE_IMAGE=\S+:3\.\d+\.\d+-", instructions("ARG")[0])


def test_packages_are_asked_for_in_one_place() -> None:
    asking = [line for line in instructions("RUN") if "type=secret" in line]
    installing = [line for line in instructions("RUN") if "pip install" in line]
    assert len(asking) == 1
    assert installing == asking


def test_compose_builds_from_files_that_exist() -> None:
    builds = [service["build"] for service in SERVICES.values() if "build" in service]
    assert all((ROOT / build["context"] / build["dockerfile"]).is_file() for build in builds)
    stages = {each.partition(" AS ")[2] for each in instructions("FROM")}
    assert {build["target"] for build in builds if "target" in build} <= stages


def test_images_may_have_other_names_as_they_have_in_tests() -> None:
    images = {service["image"] for service in SERVICES.values()}
    assert {named_and_usual(image)[0] for image in images} == set(VARIABLES)


def test_every_image_is_built_or_pinned() -> None:
    built = {service["image"] for service in SERVICES.values() if "build" in service}
    named = {service["image"] for service in SERVICES.values()}
    pulled = [named_and_usual(image)[1] for image in named - built]
    assert all(re.search(r":v?\d+\.\d+\.\d+$", image) for image in pulled)


@pytest.mark.parametrize("path", sorted(mounted_files()))
def test_mounted_files_are_in_the_repository(path: str) -> None:
    assert any((ROOT / path).iterdir())


@pytest.mark.parametrize("name", ["credentials.sh", "call.sh", "ready.py"])
def test_files_of_commands_are_mounted(name: str) -> None:
    words = [
        word
        for service in SERVICES.values()
        for word in (*service.get("command", []), *service.get("healthcheck", {}).get("test", []))
    ]
    assert f"/secure/{name}" in words
    assert (ROOT / "deploy/secure" / name).is_file()


def test_service_alone_is_up_by_default() -> None:
    assert [name for name, service in SERVICES.items() if "profiles" not in service] == ["lossgrad"]


def test_volumes_are_declared() -> None:
    volumes = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    named = {volume.split(":")[0] for volume in volumes if not volume.startswith(".")}
    assert named == set(COMPOSE["volumes"])


def test_image_is_compiled_ahead() -> None:
    """By whoever installed it: the user that runs it cannot write there."""
    installed, compiled, copied, user = map(
        DOCKERFILE.rindex,
        ("pip install", "lossgrad warmup", "COPY --from=build /opt/lossgrad", "USER"),
    )
    assert installed < compiled < copied < user
    assert "warmup" in COMMANDS


def test_ports_are_those_of_the_settings(service: Compose) -> None:
    (exposed,) = instructions("EXPOSE")
    assert {int(port) for port in exposed.split()} == PORTS
    assert {int(port.rpartition(":")[2]) for port in service["ports"]} == PORTS


def test_ports_are_published_on_loopback_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert len({port.split(":")[1] for port in published}) == len(published)


def test_container_without_keys_is_only_that_of_compose(service: Compose) -> None:
    assert service["command"] == [*json.loads(instructions("CMD")[-1]), "--insecure"]
    assert [name for name, each in SERVICES.items() if "--insecure" in each.get("command", [])] == [
        "lossgrad"
    ]
    assert "INSECURE" not in DOCKERFILE


@pytest.mark.parametrize("name", SERVICES)
def test_containers_are_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]


def test_one_container_has_one_privilege() -> None:
    added = {name: each["cap_add"] for name, each in SERVICES.items() if "cap_add" in each}
    assert added == {"credentials": ["CHOWN"]}


def test_images_run_as_nobody_in_particular() -> None:
    assert instructions("USER") == ["10001:10001"] * 2


def test_token_is_where_only_callers_see_it() -> None:
    holding = [
        name
        for name, service in SERVICES.items()
        if any(volume.startswith("caller-credentials:") for volume in service.get("volumes", []))
    ]
    assert holding == ["credentials", "caller"]
    script = (ROOT / "deploy/secure/credentials.sh").read_text()
    assert 'place "$of_service" certificate.pem key.pem keys.toml\n' in script


@pytest.mark.parametrize(
    "setting", ["REPORTING_ENABLED", "CHECK_FOR_UPDATES", "CHECK_FOR_PLUGIN_UPDATES"]
)
def test_grafana_tells_nobody_of_itself(setting: str) -> None:
    assert SERVICES["grafana"]["environment"][f"GF_ANALYTICS_{setting}"] == "false"


def test_environment_names_settings() -> None:
    names = re.findall(r"LOSSGRAD_(\w+)=", DOCKERFILE)
    assert names
    assert {name.lower() for name in names} <= set(Settings.model_fields)


@pytest.mark.parametrize("name", ["lossgrad", "secure"])
def test_compose_waits_for_the_servers_own_grace(name: str) -> None:
    seconds = float(SERVICES[name]["stop_grace_period"].removesuffix("s"))
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
