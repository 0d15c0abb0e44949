"""What docker-compose.yml describes, running."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from tests.containers.engine import Engine
from tests.containers.images import COMPOSE_FILE
from tests.running import PATIENCE_SECONDS

_NAME = "lossgrad-tested"
"""Not the compose file's own, whose containers and volumes are somebody's."""


class Project:
    """The containers of the compose file.

    Parameters
    ----------
    engine
        What runs them.
    profiles
        Which ones there are beside those that always are.
    """

    def __init__(self, engine: Engine, *profiles: str) -> None:
        self._engine = engine
        self._options = [f"--file={COMPOSE_FILE}", f"--project-name={_NAME}"]
        self._options += [f"--profile={profile}" for profile in profiles]

    def up(self, *services: str) -> None:
        """Start services that do not run yet, all by default; images are there already."""
        self._compose("up", "--detach", "--no-build", *services)

    def down(self) -> None:
        """Stop and remove all that `up` made."""
        self._compose("down", "--volumes", "--timeout=1")

    def execute(self, service: str, *command: str) -> str:
        """Run a command in the service's container and return what it writes."""
        return self._engine.output("exec", self.container(service), *command)

    def container(self, service: str) -> str:
        """Return the id of a service's only container."""
        labels = [f"com.docker.compose.project={_NAME}", f"com.docker.compose.service={service}"]
        filters = [f"--filter=label={label}" for label in labels]
        (found,) = self._engine.output("ps", "--all", "--quiet", *filters).split()
        return found

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine knows of a service's container."""
        (found,) = json.loads(self._engine.output("inspect", self.container(service)))
        return found

    def stop(self, service: str) -> int:
        """Stop a service within the grace that the compose file gives; return its exit code."""
        self._compose("stop", service)
        return self.inspect(service)["State"]["ExitCode"]

    def wait(self, service: str) -> int:
        """Return the exit code of a service that ends by itself."""
        return int(self._engine.output("wait", self.container(service)))

    def logs(self, service: str) -> str:
        """Return what a service has written."""
        both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return self._engine.run("logs", self.container(service), **both).stdout

    def wait_until_healthy(self, service: str) -> None:
        """Return once the service's own health check passes."""
        until = monotonic() + PATIENCE_SECONDS
        while not self.is_healthy(service):
            if monotonic() > until:
                raise TimeoutError(self.logs(service))
            sleep(0.5)

    def is_healthy(self, service: str) -> bool:
        """Whether the health check passes."""
        if not self._engine.is_podman:
            return self.inspect(service)["State"]["Health"]["Status"] == "healthy"
        # Without systemd nobody else runs it.
        check = ("healthcheck", "run", self.container(service))
        return self._engine.run(*check, check=False, capture_output=True).returncode == 0

    def _compose(self, *arguments: str) -> None:
        self._engine.compose(*self._options, *arguments)


@contextmanager
def running(engine: Engine, *services: str, profile: str | None = None) -> Iterator[Project]:
    """Run `lossgrad` in a with-block, and once it is healthy, all of a profile or what is named."""
    project = Project(engine, *([] if profile is None else [profile]))
    try:
        # Older versions of Podman do not wait by themselves.
        project.up("lossgrad")
        project.wait_until_healthy("lossgrad")
        if profile is not None:
            project.up(*services)
        yield project
    finally:
        project.down()
