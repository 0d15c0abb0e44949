"""Real servers on free ports in this process, and an asynchronous client that a test can call."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import lossgrad
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.server import Server


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

    def on_loop(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def request_stop(self) -> None:
        self.loop.call_soon_threadsafe(self.server.request_stop)


@contextmanager
def running_server(**settings: Any) -> Iterator[Running]:
    """Serve within a with-block; what keeps the server from starting is raised here."""
    chosen = Settings(**{"grpc_port": 0, "http_port": 0, "lame_duck_seconds": 0, **settings})
    started: Future[Running] = Future()
    thread = Thread(target=lambda: asyncio.run(_serve(chosen, started)))
    thread.start()
    try:
        running = started.result()
        try:
            yield running
        finally:
            running.request_stop()
    finally:
        thread.join()


async def _serve(settings: Settings, started: Future[Running]) -> None:
    try:
        async with Server(settings) as server:
            started.set_result(Running(server, asyncio.get_running_loop()))
            await server.wait()
    except Exception as error:
        started.set_exception(error)


@contextmanager
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


class Blocking:
    """`lossgrad.AsyncClient` behind the methods of `lossgrad.Client`."""

    def __init__(self, target: str, loop: asyncio.AbstractEventLoop) -> None:
        self._client = lossgrad.AsyncClient(target)
        self._loop = loop

    def compute(self, **arguments: Any) -> lossgrad.Result:
        return self._wait(self._client.compute(**arguments))

    def info(self) -> lossgrad.ServerInfo:
        return self._wait(self._client.info())

    def close(self) -> None:
        self._wait(self._client.close())

    def _wait(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=60)
