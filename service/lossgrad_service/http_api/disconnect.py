"""Work that is pointless once its caller went away."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from lossgrad.errors import Cancelled

Answer = TypeVar("Answer")


async def unless_gone(request: Request, work: Coroutine[Any, Any, Answer]) -> Answer:
    """Return what `work` returns; it is cancelled when the caller of `request` goes away.

    The body of `request` must have been read.

    Raises
    ------
    Cancelled
        Where the caller went away first.
    """
    # The time that runs out is the caller's presence. Work that never waits, as that of
    # small calls, ends before its caller is watched at all.
    presence = asyncio.timeout(None)
    watching = asyncio.create_task(_watch(request, presence))
    try:
        async with presence:
            return await work
    except TimeoutError:
        if presence.expired():
            raise Cancelled("the caller went away before its answer") from None
        raise
    finally:
        watching.cancel()


async def _watch(request: Request, presence: asyncio.Timeout) -> None:
    """End `presence` when the caller of `request` went away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    presence.reschedule(asyncio.get_running_loop().time())
