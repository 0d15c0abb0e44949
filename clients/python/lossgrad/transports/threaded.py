"""Blocking work, and blocking transports, for event loops: by a bounded pool of threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from lossgrad.deadline import no_answer_within
from lossgrad.endpoints import Endpoint, Reply, Request
from lossgrad.errors import LossGradError
from lossgrad.transports.base import Transport
from lossgrad.transports.closed import tell_if_closed
from lossgrad.transports.per_process import PerProcess
from lossgrad.transports.pool import DaemonPool

Done = TypeVar("Done")

THREADS = 32
"""Most calls that are under way at a time; further ones wait, and their time runs."""


class Threads:
    """Runs blocking work for event loops, in at most `THREADS` threads of each process.

    A program ends whatever they wait for.
    """

    def __init__(self) -> None:
        self._pools = PerProcess[DaemonPool](lambda: DaemonPool(THREADS))

    async def run(self, work: Callable[[], Done], timeout: float) -> Done:
        """Return what `work` returns; whoever is cancelled does not wait for it.

        Raises
        ------
        DeadlineExceeded
            After `timeout` seconds, whatever `work` does.
        InvalidArgument
            After `close`.
        """
        future = self._pools.get().submit(work)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), timeout)
        except asyncio.CancelledError:
            tell_if_closed(self._pools.is_closed)
            raise
        except LossGradError:
            raise
        except TimeoutError as error:
            raise no_answer_within(timeout) from error

    def close(self) -> None:
        """Refuse work, also what waits; what has begun ends by itself."""
        pool = self._pools.close()
        if pool is not None:
            pool.cancel()


class ThreadedTransport:
    """Sends each request in a thread.

    A call that is cancelled returns at once; its thread is free when the attempt
    ends, which the attempt's timeout bounds.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._threads = Threads()

    async def send(
        self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float
    ) -> Reply:
        """Make one attempt; see `Transport.send`."""
        attempt = partial(self._transport.send, endpoint, request, timeout)
        return await self._threads.run(attempt, timeout)

    async def close(self) -> None:
        """Refuse attempts, those that wait too; those under way end by themselves."""
        self._threads.close()
        self._transport.close()
