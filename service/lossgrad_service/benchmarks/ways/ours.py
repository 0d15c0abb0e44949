"""The ways to a lossgrad service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from typing import Any

from lossgrad import Client
from lossgrad.compute_call import ComputeCall
from lossgrad.endpoints import COMPUTE
from lossgrad.exchange import Exchange
from lossgrad.transports import open_transport
from lossgrad.types import Array, Result
from lossgrad_service.benchmarks.timing import Call
from lossgrad_service.benchmarks.ways.lists import FAST, open_lists
from lossgrad_service.benchmarks.workloads import Workload

PATIENCE_SECONDS = 60.0


@contextmanager
def open_client(target: str, workload: Workload) -> Iterator[Call]:
    """Call as everybody does."""
    arguments = workload.arguments()
    with Client(target) as client:
        yield lambda: client.compute(**arguments)


@contextmanager
def open_in_place(target: str, workload: Workload) -> Iterator[Call]:
    """Call with arrays that lie in shared memory already, answers too."""
    with Client(target) as client:
        inputs = workload.arguments().items()
        arguments: dict[str, Any] = {name: _moved(client, array) for name, array in inputs}
        arrays = client.compute(**arguments).arrays
        rooms = {name: client.empty(array.shape, array.dtype) for name, array in arrays.items()}
        yield lambda: client.compute(**arguments, out=rooms)


def _moved(client: Client, array: Array) -> Array:
    moved = client.empty(array.shape, array.dtype)
    moved[...] = array
    return moved


def open_unix(target: str, workload: Workload) -> AbstractContextManager[Call]:
    """Call over a Unix socket as over any other."""
    return _open_transport(target, workload, streamed=workload.is_streamed)


def open_grpc(target: str, workload: Workload, *, streamed: bool) -> AbstractContextManager[Call]:
    """Call by a stream or by one message: as everybody does where the client would choose that."""
    if workload.is_streamed is streamed:
        return open_client(target, workload)
    return _open_transport(target, workload, streamed=streamed)


@contextmanager
def _open_transport(target: str, workload: Workload, *, streamed: bool) -> Iterator[Call]:
    """Call by a way that the client would not choose, hence without it and its retries."""
    endpoint = replace(COMPUTE, exchange=Exchange if streamed else lambda _: None)
    arguments = workload.arguments()
    with closing(open_transport(target)) as transport:

        def call() -> Result:
            computation = ComputeCall.of(arguments, None)
            result = transport.send(endpoint, computation, PATIENCE_SECONDS)
            return computation.deliver(result)

        yield call


def open_our_lists(target: str, workload: Workload) -> AbstractContextManager[Call]:
    """Post lists of lists."""
    names = {"dscores": "dScores", "dw2": "dW2"}
    return open_lists(f"{target}/v1/compute", workload, FAST, names)
