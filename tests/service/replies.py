"""Streams whose replies are held on their way, as by callers that have no room for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import numpy as np
import pytest

from lossgrad.compute_call import ComputeCall
from lossgrad.exchange import Exchange
from lossgrad_service.calls import StreamedCall
from lossgrad_service.grpc_api import stream_ends
from lossgrad_service.grpc_api.batches import begin
from lossgrad_service.grpc_api.contexts import Context
from tests.running import PATIENCE_SECONDS, Running

BLOCKS, BLOCK_ROWS, CLASSES = 5, 128, 4096
"""Each block is a message of 2 MiB, and its reply another."""


def blocks() -> ComputeCall:
    """Return a call of some blocks of which no two have the same gradient."""
    scores = np.random.default_rng(2).normal(size=(BLOCKS * BLOCK_ROWS, CLASSES))
    labels = np.zeros(len(scores), np.int64)
    return ComputeCall.of({"scores": scores.astype(np.float32), "labels": labels}, None)


def exchange_of(call: ComputeCall) -> Exchange:
    """Return the call as a stream, a block in each message."""
    begun = Exchange(call)
    begun.rows_per_message = BLOCK_ROWS
    return begun


class Replies:
    """Holds what a server sends until it is let through, and counts what it computes."""

    def __init__(self, running: Running) -> None:
        self.begun: list[int] = []
        """How many blocks were computed when each reply was sent."""
        self.is_awaited = Event()
        """Whether the server has nothing to do but wait for a reply to be taken."""
        self.is_sent = Event()
        """Whether a reply is on its way."""
        self.n_computed = 0
        self.is_held = Event()
        """Whether a block after the first waits for `goes_on`."""
        self.goes_on = Event()
        """Whether blocks but the first are computed."""
        self.goes_on.set()
        self._running = running
        self._way = asyncio.Event()
        self._error: Exception | None = None
        self._is_under_way = False

    def let_through(self, error: Exception | None = None) -> None:
        """Let all replies through, or have them fail."""
        self._error = error
        self._running.loop.call_soon_threadsafe(self._way.set)

    def begin_write(self, context: Context, message: bytes) -> asyncio.Future[None]:
        """Hold a reply; see `stream_ends.begin_write`."""
        self.begun.append(self.n_computed)
        return begin(self._write(context, message))

    async def _write(self, context: Context, message: bytes) -> None:
        assert not self._is_under_way, "gRPC takes one reply at a time"
        self._is_under_way = True
        self.is_sent.set()
        await self._way.wait()
        self._is_under_way = False
        if self._error is not None:
            raise self._error
        await context.write(message)


@contextmanager
def held(running: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replies]:
    """Hold the replies of streams until the end of a with-block at the latest."""
    replies = Replies(running)
    compute, taken = StreamedCall.compute, stream_ends.StreamEnds.taken

    def counted(*arguments):
        if replies.n_computed:
            replies.is_held.set()
            assert replies.goes_on.wait(PATIENCE_SECONDS)
        compute(*arguments)
        replies.n_computed += 1

    async def awaited(ends):
        if ends.on_its_way:
            replies.is_awaited.set()
        await taken(ends)

    monkeypatch.setattr(StreamedCall, "compute", counted)
    monkeypatch.setattr(stream_ends.StreamEnds, "taken", awaited)
    monkeypatch.setattr(stream_ends, "begin_write", replies.begin_write)
    try:
        yield replies
    finally:
        replies.goes_on.set()
        replies.let_through()
