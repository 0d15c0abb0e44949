"""Callers who keep what they hold and hardly do anything; each siege is an ``async with``."""

from __future__ import annotations

import asyncio
import json
import random
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import SettingsAcknowledged

from tests.abuse.frames import COMPUTE, COMPUTE_STREAM, header_lines, message
from tests.abuse.served import MEBIBYTE, Served
from tests.running import PATIENCE_SECONDS

CLIENTS: Final = 1_000
STREAMS: Final = 1_000
CONNECTIONS: Final = 10

STEP_SECONDS: Final = 1.0
"""Between two bytes of a slow client."""

Siege = Callable[[Served], AbstractAsyncContextManager[Any]]

HEAD = b"POST /v1/compute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
NUMBERS = 16_384
LARGE_ANSWER = json.dumps(
    {
        "scores": {
            "shape": [NUMBERS // 4, 4],
            "dtype": "f32",
            "encoding": "base64",
            "data": b64encode(bytes(4 * NUMBERS)).decode(),
        },
        "labels": [1] * (NUMBERS // 4),
        "want": ["dScores", "probs"],
        "encoding": "base64",
    }
).encode()
"""A request of 100 kB whose answer has 175 kB: no socket's buffer holds it."""


async def _slow_head(served: Served) -> None:
    """Send a request's head, a byte at a time."""
    await _trickle(served, HEAD, b"x" * 10_000)


async def _slow_body(served: Served) -> None:
    """Declare a body and send it a byte at a time."""
    await _trickle(served, HEAD + b"Content-Length: 1000000\r\n\r\n", b" " * 10_000)


async def _trickle(served: Served, at_once: bytes, slowly: bytes) -> None:
    _, writer = await asyncio.open_connection(*served.http)
    try:
        writer.write(at_once)
        for byte in slowly:
            await asyncio.sleep(STEP_SECONDS * random.uniform(0.5, 1.5))
            writer.write(bytes([byte]))
            await writer.drain()
    finally:
        writer.close()


async def _slow_read(served: Served) -> None:
    """Ask for a large answer and never read it."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_024)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    with connection:
        await loop.sock_connect(connection, served.http)
        length = f"Content-Length: {len(LARGE_ANSWER)}\r\n\r\n".encode()
        await loop.sock_sendall(connection, HEAD + length + LARGE_ANSWER)
        while True:
            await asyncio.sleep(STEP_SECONDS)
            if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise ConnectionError("hung up")


def slow_http_clients(kind: Callable[[Served], Awaitable[None]]) -> Siege:
    """Return the siege of a thousand slow clients of one kind, who come again when cut off."""

    async def again_and_again(served: Served) -> None:
        while True:
            try:
                await kind(served)
            except OSError:
                await asyncio.sleep(STEP_SECONDS)

    @asynccontextmanager
    async def siege(served: Served) -> AsyncIterator[None]:
        async with _all_of([again_and_again(served) for _ in range(CLIENTS)]):
            # They come one after another: the first second is the siege's own work.
            await asyncio.sleep(3 * STEP_SECONDS)
            yield

    return siege


@asynccontextmanager
async def _all_of(coroutines: list[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each) for each in coroutines]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Idler:
    """A polite HTTP/2 connection with many calls that are begun and not gone on with."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._h2 = H2Connection(H2Configuration(client_side=True))

    async def begin(self) -> None:
        """Greet, and wait for the server's settings."""
        self._h2.initiate_connection()
        self._flush()
        while True:
            received = self._h2.receive_data(await self._reader.read(2**16))
            self._flush()
            if any(isinstance(event, SettingsAcknowledged) for event in received):
                return

    async def idle(self, path: str, payload: bytes) -> int:
        """Begin as many calls as are allowed and send their first bytes; return how many."""
        allowed = self._h2.remote_settings.max_concurrent_streams
        count = min(STREAMS, allowed)
        for _ in range(count):
            stream = self._h2.get_next_available_stream_id()
            self._h2.send_headers(stream, header_lines(path))
            if payload:
                self._h2.send_data(stream, payload)
        self._flush()
        await self._writer.drain()
        return count

    def _flush(self) -> None:
        self._writer.write(self._h2.data_to_send())


def idle_streams(path: str, payload: bytes = b"") -> Siege:
    """Return the siege of ten connections with a thousand calls each that send so much."""

    @asynccontextmanager
    async def siege(served: Served) -> AsyncIterator[int]:
        writers: list[asyncio.StreamWriter] = []
        try:
            count = 0
            for _ in range(CONNECTIONS):
                reader, writer = await asyncio.open_connection(*served.grpc)
                writers.append(writer)
                idler = Idler(reader, writer)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await idler.begin()
                    count += await idler.idle(path, payload)
            yield count
        finally:
            for writer in writers:
                writer.close()

    return siege


SIEGES: Final[dict[str, Siege]] = {
    "slow heads over HTTP": slow_http_clients(_slow_head),
    "slow bodies over HTTP": slow_http_clients(_slow_body),
    "slow readers over HTTP": slow_http_clients(_slow_read),
    "idle calls over gRPC": idle_streams(COMPUTE),
    "idle streams over gRPC": idle_streams(COMPUTE_STREAM),
    "half messages over gRPC": idle_streams(COMPUTE, message(b"", length=MEBIBYTE)),
}
