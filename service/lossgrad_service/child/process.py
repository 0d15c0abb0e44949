"""The real service as a child process: started on free ports, stopped, never orphaned."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, cast

COMMAND = (
    sys.executable, "-m", "lossgrad_service.child.guarded",
    "serve", "--host", "127.0.0.1", "--grpc-port", "0", "--http-port", "0",
    "--lame-duck-seconds", "0", "--shutdown-grace-seconds", "2",
)  # fmt: skip
"""Free ports, and a quick end, since nobody calls but the demo."""

_PROTOCOLS = ("gRPC", "HTTP")

STOP_SECONDS = 10.0
"""What the service gets to stop by itself before it is killed."""

SHOWN_CHARACTERS = 2000
"""How much of its log is shown of a service that did not start."""


class ServiceDidNotStart(ChildProcessError):
    """The child ended before it said where it listens; the message has its last words."""


@contextmanager
def running_service() -> Iterator[dict[str, str]]:
    """Start the service, yield its targets by protocol (gRPC, HTTP), and stop it.

    Its process group is its own, so that Ctrl-C reaches this process alone, which
    then stops the service in order.

    Raises
    ------
    ServiceDidNotStart
        The child ended without saying where it listens.
    """
    with TemporaryFile("w+") as log, _child(log) as child:
        try:
            yield _addresses(child, log)
        finally:
            _stop(child)


def _child(log: IO[str]) -> subprocess.Popen[str]:
    # The log goes to a file: a pipe that nobody reads would block the service when full.
    return subprocess.Popen(  # noqa: S603
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        process_group=0,
    )


def _addresses(child: subprocess.Popen[str], log: IO[str]) -> dict[str, str]:
    """Read the lines, one for each protocol, in which the service says where it listens."""
    lines = [cast(IO[str], child.stdout).readline().split() for _ in _PROTOCOLS]
    if all(lines):
        return {line[0]: line[1] for line in lines}
    log.seek(0)
    raise ServiceDidNotStart(f"the service did not start:\n{log.read()[-SHOWN_CHARACTERS:]}")


def _stop(child: subprocess.Popen[str]) -> None:
    cast(IO[str], child.stdin).close()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
