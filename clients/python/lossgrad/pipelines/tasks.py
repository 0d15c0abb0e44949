"""The pipeline of the client for event loops."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from typing import TypeVar

Done = TypeVar("Done")


async def pipelined(
    batches: Iterable[object] | AsyncIterable[object],
    begin: Callable[[object], asyncio.Future[Done]],
    depth: int,
) -> AsyncGenerator[Done]:
    """Yield what becomes of each batch, in order, with at most `depth` of them under way.

    However it ends, nothing is under way any more then.

    Parameters
    ----------
    batches : iterable, async or not
        Read no sooner than a call may begin.
    begin : callable
        Begins the call of a batch.
    depth : int
        At least 1.
    """
    under_way: deque[asyncio.Future[Done]] = deque()
    begun = _begin_each(batches, begin)
    try:
        while True:
            while len(under_way) < depth and (future := await anext(begun, None)):
                under_way.append(future)
            if not under_way:
                return
            # It stays under way until it is done, even if waiting for it is interrupted.
            result = await under_way[0]
            under_way.popleft()
            yield result
            del result
    finally:
        for future in under_way:
            future.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _begin_each(
    batches: Iterable[object] | AsyncIterable[object],
    begin: Callable[[object], asyncio.Future[Done]],
) -> AsyncIterator[asyncio.Future[Done]]:
    """Yield each batch's future; where one cannot be had, the error takes its place."""
    try:
        async for batch in _each(batches):
            yield begin(batch)
    except Exception as error:  # the caller's own, of whatever makes the batches
        failed = asyncio.get_running_loop().create_future()
        failed.set_exception(error)
        yield failed


async def _each(
    batches: Iterable[object] | AsyncIterable[object],
) -> AsyncIterator[object]:
    if isinstance(batches, AsyncIterable):
        async for batch in batches:
            yield batch
    else:
        for batch in batches:
            yield batch
