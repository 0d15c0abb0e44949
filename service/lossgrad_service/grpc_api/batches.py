"""Reads and writes of grpcio that go on to their end, whoever stops waiting for them.

grpcio frees what they hold, such as a message of a megabyte, only where somebody still waits for
them once they have ended (https://github.com/grpc/grpc/issues/43360, grpcio 1.69 to 1.85).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from lossgrad_service.grpc_api.contexts import Context

Outcome = TypeVar("Outcome")


async def read(context: Context) -> bytes:
    """Return the next message of a call, or `END`; nobody else asks its context for one."""
    return await to_its_end(context.read())


def begin_write(context: Context, message: bytes) -> asyncio.Future[None]:
    """Have a message of a call sent, once there is room; nobody else has its context do so."""
    return begin(context.write(message))


def begin_head(context: Context) -> asyncio.Future[None]:
    """Have the head of an answer sent, which needs no room."""
    return begin(context.send_initial_metadata(()))


async def write(context: Context, message: bytes) -> None:
    """Send a message of a call, once there is room for it."""
    await to_its_end(context.write(message))


async def to_its_end(batch: Awaitable[Outcome]) -> Outcome:
    """Return the outcome of a read or a write, which a cancellation leaves under way."""
    return await asyncio.shield(begin(batch))


def begin(batch: Awaitable[Outcome]) -> asyncio.Future[Outcome]:
    """Begin a read or a write, which ends at the latest when its call does.

    Whoever waits for it shields it, and it goes on to its end.
    """
    under_way = asyncio.ensure_future(batch)
    under_way.add_done_callback(_be_heard)
    return under_way


def _be_heard(batch: asyncio.Future[Outcome]) -> None:
    """Have asyncio not complain of an error that nobody waits for any more."""
    if not batch.cancelled():
        batch.exception()
