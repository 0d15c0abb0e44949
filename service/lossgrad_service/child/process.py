"""Servers as child processes, the service above all: on free ports, stopped, never orphaned."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, cast

COMMAND = (
    sys.executable, "-m", "lossgrad_service.child.guarded",
    "serve", "--host", "127.0.0.1", "--grpc-port", "0", "--http-port", "0",
    "--lame-duck-seconds", "0", "--shutdown-grace-seconds", "2",
    "--log-level", "warning",
)  # fmt: skip
"""Free ports, a quick end, since nobody calls but the demo, and no line for each call."""

_LINES = 2
"""In which the service says where it listens, without a Unix socket."""

STOP_SECONDS = 10.0
"""What a server gets to stop by itself before it is killed."""

SHOWN_CHARACTERS = 2000
"""How much of its log is shown of a server that did not start."""


class ServiceDidNotStart(ChildProcessError):
    """The child ended before it said where it listens; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Child:
    """A server that runs as a child of this process."""

    pid: int
    addresses: dict[str, str]
    """Where it listens, by protocol."""


@contextmanager
def running_service() -> Iterator[dict[str, str]]:
    """Start the service, yield its targets by protocol (gRPC, HTTP), and stop it.

    Raises
    ------
    ServiceDidNotStart
        The child ended without saying where it listens.
    """
    with running_child(COMMAND, _LINES) as child:
        yield child.addresses


@contextmanager
def running_child(command: Sequence[str], lines: int) -> Iterator[Child]:
    """Start a server, yield it once it listens, and stop it.

    Its process group is its own, so that Ctrl-C reaches this process alone, which
    then stops the server in order.

    Parameters
    ----------
    command
        What to run; it ends when its standard input does, as `guarded` has it.
    lines
        In how many lines it says where it listens, each a protocol and an address.

    Raises
    ------
    ServiceDidNotStart
        The child ended without saying where it listens.
    """
    with TemporaryFile("w+") as log, _child(command, log) as child:
        try:
            yield Child(child.pid, _addresses(child, lines, log))
        finally:
            _stop(child)


def _child(command: Sequence[str], log: IO[str]) -> subprocess.Popen[str]:
    # The log goes to a file: a pipe that nobody reads would block the server when full.
    return subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        process_group=0,
    )


def _addresses(child: subprocess.Popen[str], lines: int, log: IO[str]) -> dict[str, str]:
    """Read the lines in which the server says where it listens."""
    said = [cast(IO[str], child.stdout).readline().split() for _ in range(lines)]
    if all(said):
        return {line[0]: line[1] for line in said}
    log.seek(0)
    raise ServiceDidNotStart(f"the service did not start:\n{log.read()[-SHOWN_CHARACTERS:]}")


def _stop(child: subprocess.Popen[str]) -> None:
    cast(IO[str], child.stdin).close()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
