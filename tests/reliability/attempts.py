"""Attempts at calls over either protocol, as cheap as can be: no client of ours, no retries."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final, Protocol

import numpy as np
from grpc import aio

from lossgrad.codecs.request_size import encode_size
from lossgrad.codecs.request_timeout import HEADER, encode_timeout
from lossgrad.codecs.status import DETAILS_KEY, decode_status
from lossgrad.errors import Busy
from tests.security import forms
from tests.security.endpoints import COMPUTE

OVERTIME_SECONDS: Final = 2.0
"""After which one is given up that the service did not end in time."""

CONNECTIONS: Final = 16
"""Of gRPC, spread among the workers; HTTP has as many as there are attempts at a time."""

ANSWERED, REFUSED, UNHINTED = "answered", "refused", "refused without a hint"

_RNG = np.random.default_rng(0)


def _of(rows: int, classes: int) -> dict[str, Any]:
    """Return a batch with little to send and much to compute."""
    return {
        "h1": _RNG.standard_normal((rows, 1)),
        "w2": _RNG.standard_normal((1, classes)),
        "labels": _RNG.integers(classes, size=rows),
        "softcap": 30.0,
    }


BATCHES: Final = {
    # A fifth of a second, and a fortieth; to refuse either takes less than a thousandth.
    "dear": _of(2_048, 2_048),
    "heavy": _of(1_024, 512),
    # Computed on the event loop.
    "light": {"scores": _RNG.standard_normal((32, 4)), "labels": _RNG.integers(4, size=32)},
}


@dataclass(frozen=True)
class Caller:
    """Who calls whom, and what it asks."""

    protocol: str
    target: str
    token: str = "any"
    batch: str = "heavy"
    seconds: float = 2.0
    """What each attempt may take."""


class Attempts(Protocol):
    """Makes attempts, any number at a time."""

    async def make(self) -> str:
        """Make one; return `ANSWERED`, `REFUSED`, or by what other word it ended."""
        ...


class OverGrpc:
    """Attempts over gRPC."""

    def __init__(self, caller: Caller) -> None:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        channels = [aio.insecure_channel(caller.target, options) for _ in range(CONNECTIONS)]
        self._calls = cycle([channel.unary_unary(COMPUTE) for channel in channels])
        self._message = forms.unary(BATCHES[caller.batch])
        key = ("authorization", f"Bearer {caller.token}")
        self._metadata = (*encode_size(len(self._message)), key)
        self._seconds = caller.seconds

    async def make(self) -> str:
        call = next(self._calls)
        try:
            await call(self._message, timeout=self._seconds, metadata=self._metadata)
        except aio.AioRpcError as error:
            return _word_of(error)
        return ANSWERED


def _word_of(error: aio.AioRpcError) -> str:
    told = dict(error.trailing_metadata() or ())
    ours = decode_status(error.code().value[0], error.details() or "", told.get(DETAILS_KEY))
    if not isinstance(ours, Busy):
        return error.code().name
    return REFUSED if ours.retry_after else UNHINTED


class OverHttp:
    """Attempts over HTTP, on connections that take turns."""

    def __init__(self, caller: Caller) -> None:
        self._host, _, port = caller.target.removeprefix("http://").rpartition(":")
        self._port = int(port)
        self._idle: deque[_Connection] = deque()
        self._seconds = caller.seconds + OVERTIME_SECONDS
        body = forms.in_base64(BATCHES[caller.batch])
        head = (
            "POST /v1/compute HTTP/1.1",
            f"Host: {self._host}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            f"Authorization: Bearer {caller.token}",
            f"{HEADER}: {encode_timeout(caller.seconds)}",
        )
        self._request = "\r\n".join((*head, "", "")).encode() + body

    async def make(self) -> str:
        try:
            async with asyncio.timeout(self._seconds):
                connection = self._idle.popleft() if self._idle else await self._connect()
                status, told = await connection.ask(self._request)
        except (OSError, EOFError) as error:  # TimeoutError is the first
            return type(error).__name__
        self._idle.append(connection)
        return _word_for(status, told)

    async def _connect(self) -> _Connection:
        return _Connection(*await asyncio.open_connection(self._host, self._port))


def _word_for(status: int, told: dict[str, str]) -> str:
    if status == 200:
        return ANSWERED
    if status != 429:
        return str(status)
    return REFUSED if float(told.get("retry-after", math.nan)) > 0 else UNHINTED


class _Connection:
    """A connection of HTTP/1.1 with one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, request: bytes) -> tuple[int, dict[str, str]]:
        """Return the status and the header lines of an answer that was read to its end."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = head.splitlines()
        told = dict(line.lower().split(": ", 1) for line in lines if line)
        await self._reader.readexactly(int(told["content-length"]))
        return int(status.split()[1]), told


def attempts_of(caller: Caller) -> Attempts:
    """Return what makes a caller's attempts; it is used on the running event loop."""
    return OverGrpc(caller) if caller.protocol == "gRPC" else OverHttp(caller)
