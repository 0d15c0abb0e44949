"""A proxy that breaks connections as it is told: late, slow, cut, reset, silent or refused."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from urllib.parse import urlsplit

from lossgrad_service.workers.ports import reserved_port
from tests.running import PATIENCE_SECONDS, event_loop

_STEPS_TO_BEGIN: Final = 8
"""Of the event loop, after which a connection that was accepted is among ours."""

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_PIECE_BYTES: Final = 1 << 16
_PIECES_PER_SECOND: Final = 50
"""Of a connection with a rate: it flows in many small pieces, not in gushes."""


class End(Enum):
    """What becomes of a connection that has carried its bytes."""

    CLOSED = "closed"
    RESET = "reset"
    SILENT = "silent"


@dataclass(frozen=True)
class Fault:
    """How one connection misbehaves.

    `up` bytes pass to the server and `down` bytes to the client, any number where it
    says none; the first byte beyond ends the connection as `end` says.
    """

    up: int | None = None
    down: int | None = None
    end: End = End.RESET
    delay: float = 0.0
    """Seconds that each piece waits."""
    rate: int | None = None
    """Bytes a second in each direction."""

    def __str__(self) -> str:
        named = {"up": self.up, "down": self.down, "delay": self.delay or None, "rate": self.rate}
        said = [f"{name} {value}" for name, value in named.items() if value is not None]
        ends = self.up is not None or self.down is not None
        return ", ".join([*said, self.end.value] if ends else said) or "none"


NO_FAULT: Final = Fault()
NOTHING_PASSES: Final = Fault(up=0, down=0, end=End.SILENT)
"""A black hole: connections are accepted, and that is all."""


class Proxy:
    """Listens beside a server and forwards to it; its methods are for any thread.

    Each connection that arrives takes the next fault of a plan, and none once there are
    no more.

    Parameters
    ----------
    server
        Target of the server.
    target
        What a client calls in place of the server.
    loop
        Event loop to run in, in another thread.
    """

    def __init__(self, server: str, target: str, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._planned: deque[Fault] = deque()
        self._lasting = NO_FAULT
        self._connections: set[asyncio.Task[None]] = set()
        self.accepted = 0
        """Connections so far."""
        self.target = target
        self.listen()

    def plan(self, *faults: Fault, then: Fault = NO_FAULT) -> None:
        """Give the next connections these faults, and all behind them the last one."""
        self._planned, self._lasting = deque(faults), then

    def heal(self) -> None:
        """Reset every connection, and let new ones pass unharmed."""
        self.plan()
        self.drop()

    def drop(self) -> None:
        """Reset every connection."""
        self._run(self._drop())

    def listen(self) -> None:
        """Take connections, again after `refuse`."""
        self._run(self._listen())

    def refuse(self) -> None:
        """Refuse connections; those that are there go on."""
        self._run(self._refuse())

    def close(self) -> None:
        """End all of it."""
        self.refuse()
        self.drop()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    async def _listen(self) -> None:
        self._listener = await _listen(self._accept, self.target)

    async def _refuse(self) -> None:
        self._listener.close()

    async def _drop(self) -> None:
        for _ in range(_STEPS_TO_BEGIN):
            await asyncio.sleep(0)
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        fault = self._planned.popleft() if self._planned else self._lasting
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await _forward(fault, (reader, writer), self._server)
        except (asyncio.CancelledError, OSError):
            _reset(writer)
        finally:
            self._connections.discard(task)
            await _close(writer)


@contextmanager
def proxying(server: str) -> Iterator[Proxy]:
    """Run a proxy in front of a server until the block is left."""
    with (
        event_loop() as loop,
        _beside(server) as target,
        closing(Proxy(server, target, loop)) as proxy,
    ):
        yield proxy


async def _forward(fault: Fault, client: Ends, server: str) -> None:
    """Carry bytes both ways until a side, or the fault, ends it."""
    far = await _connect(server)
    ways = [
        asyncio.ensure_future(_carry(fault, fault.up, client[0], far[1])),
        asyncio.ensure_future(_carry(fault, fault.down, far[0], client[1])),
    ]
    try:
        done, rest = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if any(way.result() for way in done):
            await _stop(rest)
            await _end(fault.end, client[1], far[1])
    finally:
        far[1].close()  # before anything that a second cancellation may end
        await _stop(ways)
        await _close(far[1])


async def _carry(
    fault: Fault, most: int | None, source: asyncio.StreamReader, sink: asyncio.StreamWriter
) -> bool:
    """Carry bytes one way; return whether there were more than may pass."""
    carried = 0
    while data := await source.read(_piece_of(fault)):
        passing = data if most is None else data[: most - carried]
        await _wait(fault, len(passing))
        sink.write(passing)
        await sink.drain()
        carried += len(passing)
        if len(passing) < len(data):
            return True
    return False


def _piece_of(fault: Fault) -> int:
    return _PIECE_BYTES if fault.rate is None else max(1, fault.rate // _PIECES_PER_SECOND)


async def _wait(fault: Fault, size: int) -> None:
    seconds = fault.delay + (0.0 if fault.rate is None else size / fault.rate)
    if seconds:
        await asyncio.sleep(seconds)


async def _stop(ways: Iterable[asyncio.Future[bool]]) -> None:
    for way in ways:
        way.cancel()
    await asyncio.gather(*ways, return_exceptions=True)


async def _end(end: End, *writers: asyncio.StreamWriter) -> None:
    if end is End.SILENT:
        await asyncio.get_running_loop().create_future()  # until the proxy drops it
    if end is End.RESET:
        for writer in writers:
            _reset(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection by a RST in place of a FIN."""
    with suppress(OSError):
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


@contextmanager
def _beside(server: str) -> Iterator[str]:
    """Hold a target of the same protocol that nobody else takes, even while none listens."""
    if server.startswith("unix:"):
        yield f"{server}.proxy"
        return
    scheme = "http" if server.startswith("http:") else "grpc"
    with reserved_port("the proxy", "127.0.0.1", 0) as port:
        yield f"{scheme}://127.0.0.1:{port}"


async def _listen(accept: Any, target: str) -> asyncio.Server:
    url = urlsplit(target)
    if url.scheme == "unix":
        return await asyncio.start_unix_server(accept, url.path)
    return await asyncio.start_server(accept, url.hostname, url.port, reuse_port=True)


async def _connect(target: str) -> Ends:
    url = urlsplit(target if "//" in target else f"//{target}")
    if url.scheme == "unix":
        return await asyncio.open_unix_connection(url.path)
    return await asyncio.open_connection(url.hostname, url.port)
