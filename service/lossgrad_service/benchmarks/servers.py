"""Where the servers of a benchmark are: those that it starts, and those that run already."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lossgrad.errors import InvalidArgument
from lossgrad.transports.target import parse_target
from lossgrad_service.benchmarks import references
from lossgrad_service.child import COMMAND, Child, running_child


@contextmanager
def running_references() -> Iterator[dict[str, str]]:
    """Start what ours is compared with, each a process, and yield where they are, by name."""
    with ExitStack() as stack:
        children = [stack.enter_context(running_reference(name)) for name in references.NAMES]
        yield {name: address for child in children for name, address in child.addresses.items()}


@contextmanager
def running_reference(name: str) -> Iterator[Child]:
    """Start one of them."""
    with running_child((sys.executable, "-m", references.__name__, name), lines=1) as child:
        yield child


@contextmanager
def running_lossgrad() -> Iterator[Child]:
    """Start our own service, which listens for gRPC, for HTTP and on a Unix socket."""
    with TemporaryDirectory() as folder:
        flags = ("--unix-socket", str(Path(folder) / "socket"))
        with running_child((*COMMAND, *flags), lines=3) as child:
            yield child


def named(targets: Sequence[str]) -> dict[str, str]:
    """Return targets of running services by protocol, as a service names its own.

    Raises
    ------
    InvalidArgument
        Where a target means nothing, or two of them are of one protocol.
    """
    found: dict[str, str] = {}
    for target in targets:
        protocol = _protocol(target)
        if protocol in found:
            raise InvalidArgument.at("target", f"one of {protocol} is enough, got {target!r} too")
        found[protocol] = target
    return found


def _protocol(target: str) -> str:
    if target.startswith("unix:"):
        return "Unix"
    kinds = {"grpc": "gRPC", "http": "HTTP"}
    kind = parse_target(target).kind
    if kind not in kinds:
        raise InvalidArgument.at("target", f"is timed already, got {target!r}")
    return kinds[kind]
