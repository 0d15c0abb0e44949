"""Work that is pointless once its caller went away, or waits no longer."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from lossgrad_service.calls import Deadline, gone, out_of_time

Answer = TypeVar("Answer")


async def unless_gone(
    request: Request, work: Coroutine[Any, Any, Answer], deadline: Deadline
) -> Answer:
    """Return what `work` returns; it is cancelled when the caller of `request` goes away.

    So it is at the deadline. The body of `request` must have been read.

    Raises
    ------
    Cancelled
        Where the caller went away first.
    DeadlineExceeded
        Where the deadline was first.
    """
    # The time that runs out is the caller's presence. Work that never waits, as that of
    # small calls, ends before its caller is watched at all.
    seconds = deadline.remaining()
    presence = asyncio.timeout(None if seconds == math.inf else seconds)
    watching = asyncio.create_task(_watch(request, presence))
    try:
        async with presence:
            return await work
    except TimeoutError:
        if presence.expired():
            raise (gone() if watching.done() else out_of_time()) from None
        raise
    finally:
        watching.cancel()


async def _watch(request: Request, presence: asyncio.Timeout) -> None:
    """End `presence` when the caller of `request` went away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    presence.reschedule(asyncio.get_running_loop().time())
