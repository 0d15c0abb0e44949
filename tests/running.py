"""A real server in this process, and an asynchronous client that a test can call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import lossgrad
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.server import Server


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


@contextmanager
def server(unix_socket: Path) -> Iterator[Server]:
    """Serve on free ports until the block is left."""
    settings = Settings(
        grpc_port=0,
        http_port=0,
        unix_socket=unix_socket,
        lame_duck_seconds=0,
        log_level="warning",
    )
    started: Future[Server] = Future()

    async def serve() -> None:
        try:
            async with Server(settings) as running:
                started.set_result(running)
                await running.wait()
        except BaseException as error:
            if not started.done():
                started.set_exception(error)
            raise

    with event_loop() as loop:
        stopped = asyncio.run_coroutine_threadsafe(serve(), loop)
        running = started.result(timeout=60)
        yield running
        loop.call_soon_threadsafe(running.request_stop)
        stopped.result(timeout=60)


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
