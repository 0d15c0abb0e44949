"""The client of several servers for event loops."""

from __future__ import annotations

import asyncio
from typing import cast

from lossgrad.aio import AsyncClient
from lossgrad.compute_call import ComputeCall
from lossgrad.sharded.fleet import AsyncFleet
from lossgrad.sharded.gathering import Gathering
from lossgrad.sharded.parts import Part
from lossgrad.sharded.settings import ShardedSettings
from lossgrad.transports import AsyncTransport, open_async_transport
from lossgrad.types.result import Result


class AsyncShardedClient(ShardedSettings, AsyncClient):
    """`ShardedClient` for coroutines, as `AsyncClient` is `Client` for them.

    The parts of a batch are tasks of the running event loop, which also cuts the batch and adds
    up the sums.

    Parameters
    ----------
    targets, timeout, token, tls_ca, tls_cert, tls_key
        As `ShardedClient`.

    Raises
    ------
    InvalidArgument
        As `ShardedClient`.

    Examples
    --------
    >>> async with lossgrad.AsyncShardedClient(["gpu1:50051", "gpu2:50051"]) as client:
    ...     result = await client.compute(scores=scores, labels=labels)
    """

    def _open_transport(self) -> AsyncTransport:
        return AsyncFleet([open_async_transport(*way) for way in self._ways()])

    async def _answer(self, call: ComputeCall, timeout: float | None) -> Result:
        gathering = self._gathering(call)
        if gathering is None:
            return await super()._answer(call, timeout)
        parts = enumerate(gathering.parts)
        numbers = {asyncio.create_task(self._answer_part(p, timeout)): n for n, p in parts}
        try:
            await _gather(gathering, numbers)
        finally:
            gathering.withdraw()
            await asyncio.gather(*numbers, return_exceptions=True)
        return gathering.result()

    async def _answer_part(self, part: Part, timeout: float | None) -> Result:
        task = cast(asyncio.Task[Result], asyncio.current_task())
        with part.withdrawal.ending(task.cancel):
            return await super()._answer(part.call, timeout)


async def _gather(gathering: Gathering, numbers: dict[asyncio.Task[Result], int]) -> None:
    """Take in the answers as they come, until no more are awaited."""
    pending = set(numbers)
    while not gathering.is_over:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            gathering.take(numbers[task], task.result)
