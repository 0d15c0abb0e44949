"""Real servers on free ports, an asynchronous client that a test can call, and patience."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from threading import Thread, Timer
from typing import Any, Self

import grpc

import lossgrad
from lossgrad.codecs.sharing import NotShared
from lossgrad.compute_call import ComputeCall
from lossgrad.endpoints import COMPUTE, INFO
from lossgrad.errors import Unavailable
from lossgrad.exchange import Exchange
from lossgrad.sharded.splitting import cut
from lossgrad.shared_exchange import SharedExchange, has_bytes
from lossgrad.transports import Transport, open_transport
from lossgrad.types import Problem
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.server import Server

PATIENCE_SECONDS = 60.0
"""What anything that a test waits for may take; a hang is then a failure."""


@dataclass(frozen=True)
class Running:
    server: Server
    loop: asyncio.AbstractEventLoop

    @property
    def grpc(self) -> str:
        return self.server.addresses["gRPC"]

    @property
    def http(self) -> str:
        return self.server.addresses["HTTP"]

    @property
    def unix(self) -> str:
        return self.server.addresses["Unix"]

    def on_loop(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_SECONDS)

    def request_stop(self) -> None:
        self.loop.call_soon_threadsafe(self.server.request_stop)


@contextmanager
def running_server(**settings: Any) -> Iterator[Running]:
    """Serve within a with-block; what keeps the server from starting is raised here."""
    chosen = Settings(**{"grpc_port": 0, "http_port": 0, "lame_duck_seconds": 0, **settings})
    started: Future[Running] = Future()
    thread = Thread(target=lambda: asyncio.run(_serve(chosen, started)), daemon=True)
    thread.start()
    try:
        running = started.result(PATIENCE_SECONDS)
        try:
            yield running
        finally:
            running.request_stop()
    finally:
        _join(thread)


@contextmanager
def running_next_door() -> Iterator[Running]:
    """Serve on a Unix socket, too, whose callers may share memory."""
    # pytest's own temporary directories may be too deep for a socket's 108 bytes.
    with (
        TemporaryDirectory() as folder,
        running_server(unix_socket=Path(folder) / "lossgrad") as running,
    ):
        yield running


async def _serve(settings: Settings, started: Future[Running]) -> None:
    try:
        async with Server(settings) as server:
            started.set_result(Running(server, asyncio.get_running_loop()))
            await server.wait()
    except Exception as error:
        started.set_exception(error)


def read_line(process: Popen[str]) -> str:
    """Read a line of a child's; silent for too long, it is killed, which ends its output."""
    assert process.stdout is not None
    too_long = Timer(PATIENCE_SECONDS, process.kill)
    too_long.start()
    try:
        return process.stdout.readline()
    finally:
        too_long.cancel()


def channel_to(target: str) -> grpc.Channel:
    """Return a channel whose calls end within `PATIENCE_SECONDS`."""
    every_method = {"name": [{}], "timeout": f"{PATIENCE_SECONDS}s"}
    config = json.dumps({"methodConfig": [every_method]})
    return grpc.insecure_channel(target, [("grpc.service_config", config)])


def is_gone(target: str) -> bool:
    """Return whether a single attempt finds nobody; a client would make more."""
    with closing(open_transport(target)) as transport:
        try:
            transport.send(INFO, None, PATIENCE_SECONDS)
        except Unavailable:
            return True
        return False


@contextmanager
def ready_channel_to(target: str) -> Iterator[grpc.Channel]:
    """Yield a channel that is connected: no call over it spends its time on that."""
    with channel_to(target) as channel:
        grpc.channel_ready_future(channel).result(PATIENCE_SECONDS)
        yield channel


def _join(thread: Thread) -> None:
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()


@contextmanager
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        _join(thread)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


class Streaming(lossgrad.Client):
    """A client whose arrays travel in pieces, however small they are.

    The server joins some and parts others: 100 rows are no power of two.
    """

    rows_per_message = 100

    def __init__(self, target: str, **options: Any) -> None:
        super().__init__(target, **options)
        self._transport = _InPieces(self._transport, self._exchange)

    def _exchange(self, call: ComputeCall) -> Exchange:
        exchange = Exchange(call)
        exchange.rows_per_message = self.rows_per_message
        return exchange


class Sharing(lossgrad.Client):
    """A client whose arrays lie in shared memory, however small they are, and nowhere else."""

    def __init__(self, target: str, **options: Any) -> None:
        super().__init__(target, **options)
        self._transport = _InPieces(self._transport, self._exchange)

    def _exchange(self, call: ComputeCall) -> Exchange | None:
        assert call.arena is not None
        return _Certainly(call, call.arena) if has_bytes(call.problem) else Exchange(call)


class _Certainly(SharedExchange):
    """Fails where memory is not shared."""

    def _share(self) -> Any:
        try:
            return super()._share()
        except (NotShared, OSError) as error:
            raise AssertionError("no memory is shared") from error


class _InPieces:
    """A transport on which every computation is an exchange."""

    def __init__(self, transport: Transport, begin: Callable[[ComputeCall], Exchange]) -> None:
        self._transport = transport
        self._compute = replace(COMPUTE, exchange=begin)

    def send(self, endpoint: Any, request: Any, timeout: float) -> Any:
        chosen = self._compute if endpoint is COMPUTE else endpoint
        return self._transport.send(chosen, request, timeout)

    def close(self) -> None:
        self._transport.close()


class Blocking:
    """`lossgrad.AsyncClient` behind the methods of `lossgrad.Client`."""

    def __init__(self, target: str, loop: asyncio.AbstractEventLoop) -> None:
        self._client = lossgrad.AsyncClient(target)
        self._loop = loop

    def compute(self, **arguments: Any) -> lossgrad.Result:
        return self._wait(self._client.compute(**arguments))

    def check(self, **arguments: Any) -> lossgrad.Check:
        return self._wait(self._client.check(**arguments))

    def info(self) -> lossgrad.ServerInfo:
        return self._wait(self._client.info())

    def close(self) -> None:
        self._wait(self._client.close())

    def _wait(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_SECONDS)


class _Cutting:
    """Has a client cut every batch of two rows or more, however little work that is."""

    targets: tuple[str, ...]

    def _spans(self, problem: Problem) -> list[slice]:
        return cut(problem.n_rows, max(1, min(problem.n_rows, len(self.targets))))


class Sharded(_Cutting, lossgrad.ShardedClient):
    """Cuts every batch."""


class AsyncSharded(_Cutting, lossgrad.AsyncShardedClient):
    """Cuts every batch."""


class BlockingSharded(Blocking):
    """`AsyncSharded` behind the methods of `Sharded`."""

    _client: AsyncSharded

    def __init__(self, targets: list[str], loop: asyncio.AbstractEventLoop, **options: Any) -> None:
        self._client = AsyncSharded(targets, **options)
        self._loop = loop
        self.targets = self._client.targets

    def compute(self, **arguments: Any) -> lossgrad.Result:
        return self.compute_future(**arguments).result(PATIENCE_SECONDS)

    def compute_future(self, **arguments: Any) -> Future[lossgrad.Result]:
        async def begun() -> lossgrad.Result:
            return await self._client.compute_future(**arguments)

        return asyncio.run_coroutine_threadsafe(begun(), self._loop)

    def map(self, batches: Iterable[Mapping[str, Any]]) -> list[lossgrad.Result]:
        async def mapped() -> list[lossgrad.Result]:
            return [result async for result in self._client.map(batches)]

        return self._wait(mapped())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
