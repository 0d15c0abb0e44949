"""The ways to a lossgrad service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace

from lossgrad import Client
from lossgrad.compute_call import ComputeCall
from lossgrad.endpoints import COMPUTE
from lossgrad.exchange import Exchange
from lossgrad.transports import open_transport
from lossgrad.types import Result
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


def open_grpc(target: str, workload: Workload, *, streamed: bool) -> AbstractContextManager[Call]:
    """Call by a stream or by one message: as everybody does where the client would choose that."""
    if workload.is_streamed is streamed:
        return open_client(target, workload)
    return _open_against_choice(target, workload, streamed=streamed)


@contextmanager
def _open_against_choice(target: str, workload: Workload, *, streamed: bool) -> Iterator[Call]:
    """Call by the way that the client would not choose, hence without it and its retries."""
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
