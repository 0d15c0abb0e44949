"""The one who looks at all connections from time to time.

A timer for each would cost every call; a look costs some microseconds a second instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final, Protocol

_AT_ONCE: Final = 64
"""Connections that are looked at before calls go on: a fifth of a millisecond."""


class Watched(Protocol):
    """A connection as its patrol sees it."""

    def check(self, now: float) -> None:
        """End what takes too long."""
        ...


async def patrol(connections: Collection[Watched], seconds: float) -> None:
    """Check every connection every so many seconds, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(seconds)
        # A copy: a connection that ends leaves the collection.
        found = tuple(connections)
        for start in range(0, len(found), _AT_ONCE):
            now = loop.time()
            for connection in found[start : start + _AT_ONCE]:
                connection.check(now)
            await asyncio.sleep(0)
