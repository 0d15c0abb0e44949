"""A whole run: every number of servers at every shape, all of them in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final

from rich.progress import track

from lossgrad import Client, ShardedClient
from lossgrad_service.benchmarks.kernel.problems import random_head, random_scores
from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.scaling.processors import spent_by
from lossgrad_service.benchmarks.scaling.results import Results, Taken
from lossgrad_service.benchmarks.timing import settled_medians
from lossgrad_service.child import COMMAND, Child, running_child

PLAIN: Final = "Client"
_ONE_WORKER: Final = ("--workers", "1")
"""So that servers are told apart, and each has one budget."""


def measure(shapes: Sequence[Shape], servers: Sequence[int], rounds: int) -> Results:
    """Return what a batch takes over each number of servers, at each shape."""
    with running_servers(max(servers)) as children:
        targets = [child.addresses["gRPC"] for child in children]
        pids = [child.pid for child in children]
        with open_clients(targets, servers) as clients:
            return {
                shape: _taken(arguments_of(shape), clients, pids, rounds)
                for shape in track(shapes, "timing servers", transient=True)
            }


@contextmanager
def running_servers(count: int) -> Iterator[list[Child]]:
    """Start servers and yield them."""
    command = (*COMMAND, *_ONE_WORKER)
    with ExitStack() as stack:
        yield [stack.enter_context(running_child(command, 2)) for _ in range(count)]


@contextmanager
def open_clients(targets: Sequence[str], servers: Sequence[int]) -> Iterator[dict[str, Client]]:
    """Yield a client of one server, and one of each number of them, by what they are called."""
    opened = {PLAIN: Client(targets[0])}
    opened |= {f"sharded {count}": ShardedClient(targets[:count]) for count in servers}
    with ExitStack() as stack:
        yield {name: stack.enter_context(client) for name, client in opened.items()}


def arguments_of(shape: Shape) -> dict[str, Any]:
    """Return a batch of scores, or of a last layer whose gradients are wanted."""
    if shape.width is None:
        return random_scores(shape.rows, shape.classes)._asdict()
    head = random_head(shape.rows, shape.width, shape.classes)
    return {**head._asdict(), "want": ["loss", "dw2", "db2", "dh1"]}


def _taken(
    arguments: Mapping[str, Any], clients: Mapping[str, Client], pids: Sequence[int], rounds: int
) -> dict[str, Taken]:
    calls = {name: partial(client.compute, **arguments) for name, client in clients.items()}
    medians = settled_medians(calls, rounds)
    return {name: Taken(medians[name], *spent_by(calls[name], pids)) for name in calls}
