"""Every way, and which of them can be gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final

from lossgrad_service.benchmarks.kernel.libraries import version_of
from lossgrad_service.benchmarks.timing import Call
from lossgrad_service.benchmarks.ways import echoes, in_process, names, ours, tutorials
from lossgrad_service.benchmarks.ways.lists import FAST, PLAIN
from lossgrad_service.benchmarks.ways.way import Way, is_taken
from lossgrad_service.benchmarks.workloads import Workload

HERE: Final = "here"
"""The server of ways that need none."""

FOR_LISTS: Final = 4 * 2**20
"""Bytes beyond which nobody would write numbers as text."""

_STREAM_ECHOES = [
    Way(name, "grpc_echo", partial(echoes.open_stream, message_bytes=size))
    for name, size in names.STREAM_ECHOES.items()
]

_FASTAPI = [
    Way(name, "tutorial_fastapi", partial(tutorials.open_fastapi, text=text), FOR_LISTS)
    for name, text in ((names.FASTAPI, PLAIN), (names.FASTAPI_BY_ORJSON, FAST))
]

WAYS: Final[Mapping[str, Way]] = {
    way.name: way
    for way in (
        Way(names.MEMCPY, HERE, in_process.open_memcpy),
        Way(names.TCP_ECHO, "tcp_echo", echoes.open_tcp),
        Way(names.UNARY_ECHO, "grpc_echo", echoes.open_unary),
        *_STREAM_ECHOES,
        Way(names.NUMPY, HERE, in_process.open_numpy),
        Way(names.PYTORCH, HERE, in_process.open_pytorch),
        Way(names.GRPCIO, "tutorial_grpcio", tutorials.open_grpcio),
        *_FASTAPI,
        Way(names.LOCAL, HERE, in_process.open_local),
        Way(names.UNARY, "gRPC", partial(ours.open_grpc, streamed=False)),
        Way(names.STREAM, "gRPC", partial(ours.open_grpc, streamed=True)),
        Way(names.UNIX, "Unix", ours.open_unix),
        Way(names.SHARED, "Unix", ours.open_client),
        Way(names.IN_PLACE, "Unix", ours.open_in_place),
        Way(names.BASE64, "HTTP", ours.open_client),
        Way(names.LISTS, "HTTP", ours.open_our_lists, FOR_LISTS),
    )
}


def ways_to(targets: Mapping[str, str]) -> list[Way]:
    """Return the ways to servers that are there, and those that need none."""
    return [way for way in WAYS.values() if way.server in {HERE, *targets} and _is_installed(way)]


def _is_installed(way: Way) -> bool:
    return way.name != names.PYTORCH or version_of("PyTorch") is not None


@contextmanager
def open_ways(targets: Mapping[str, str], workload: Workload) -> Iterator[dict[str, Call]]:
    """Yield the call by every way that takes a workload, by name.

    Parameters
    ----------
    targets
        Where the servers are, by name; see `lossgrad_service.benchmarks.servers`.
    workload
        What is asked for.

    Raises
    ------
    LossGradError
        What the service answered to a first call, unless it is `TooLarge`.
    """
    with ExitStack() as stack:
        suitable = [way for way in ways_to(targets) if way.suits(workload)]
        calls = {
            way.name: stack.enter_context(way.open(targets.get(way.server, ""), workload))
            for way in suitable
        }
        yield {name: call for name, call in calls.items() if is_taken(call)}
