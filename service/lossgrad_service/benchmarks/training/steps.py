"""The ways of a step, a loss forwards and backwards: by PyTorch, and by the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module

from lossgrad import Client
from lossgrad_service.benchmarks.kernel.libraries import pytorch
from lossgrad_service.benchmarks.kernel.problems import Way, random_head, random_scores
from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.kernel.ways import PYTORCH
from lossgrad_service.benchmarks.ways.names import LOCAL, SHARED

GRPC, HTTP = "lossgrad gRPC", "lossgrad HTTP"

PROTOCOLS = {GRPC: "gRPC", SHARED: "Unix", HTTP: "HTTP"}
"""The ways to a server, and what it calls where it listens for them."""


@contextmanager
def open_clients(addresses: Mapping[str, str]) -> Iterator[dict[str, Client]]:
    """Yield a client for each of our ways, from where the server is by protocol."""
    targets = {LOCAL: "local:", **{way: addresses[name] for way, name in PROTOCOLS.items()}}
    with ExitStack() as stack:
        yield {way: stack.enter_context(Client(target)) for way, target in targets.items()}


def steps(shape: Shape, clients: Mapping[str, Client]) -> dict[str, Way]:
    """Return the step of each way: `cross_entropy`, or `linear_cross_entropy` with a width."""
    if shape.width is None:
        return _through_cross_entropy(shape, clients)
    return _through_linear_cross_entropy(shape, shape.width, clients)


def _through_cross_entropy(shape: Shape, clients: Mapping[str, Client]) -> dict[str, Way]:
    problem = random_scores(shape.rows, shape.classes)
    ours = import_module("lossgrad.torch").cross_entropy
    remote = {
        way: pytorch.through_cross_entropy(problem, partial(ours, client=client))
        for way, client in clients.items()
    }
    return {PYTORCH: pytorch.of_scores(problem), **remote}


def _through_linear_cross_entropy(
    shape: Shape, width: int, clients: Mapping[str, Client]
) -> dict[str, Way]:
    problem = random_head(shape.rows, width, shape.classes)
    ours = import_module("lossgrad.torch").linear_cross_entropy
    remote = {
        way: pytorch.through_linear_cross_entropy(problem, partial(ours, client=client))
        for way, client in clients.items()
    }
    return {PYTORCH: pytorch.of_head(problem), **remote}
