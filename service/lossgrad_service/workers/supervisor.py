"""The process that starts the workers, keeps them running, and stops them."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from lossgrad_service.metrics import Place, Slab
from lossgrad_service.metrics.slab import shared_memory
from lossgrad_service.runtime.addresses import addresses_of, print_addresses, print_stopping
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.runtime.signals import heed_hangups, stop_on_signals
from lossgrad_service.runtime.unix_socket import require_free
from lossgrad_service.workers.backoff import Backoff
from lossgrad_service.workers.handover import arguments_of
from lossgrad_service.workers.keeper import Keeper
from lossgrad_service.workers.ports import reserved_port
from lossgrad_service.workers.post import Post
from lossgrad_service.workers.process import COMMAND, WorkerProcess
from lossgrad_service.workers.shares import shares_of

_log = logging.getLogger(__name__)

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds until a worker that ended is started again."""

OVERTIME_SECONDS = 5.0
"""What a worker gets to end beyond its lame duck and grace, until it is killed."""


def supervise(settings: Settings) -> None:
    """Serve by as many workers as the settings say, until SIGINT or SIGTERM.

    At a SIGHUP each is replaced, one after the other.

    Raises
    ------
    OSError
        Where an address is taken or cannot be had, or memory to count in.
    WorkerFailed
        Where a worker does not start, again and again.
    """
    with _reserved(settings) as found, _shared_memory(found.workers) as descriptor:
        asyncio.run(Supervisor(found, _posts_of(found, descriptor)).run())


@contextmanager
def _shared_memory(places: int) -> Iterator[int]:
    """Yield the descriptor of the memory that the workers count in."""
    descriptor = shared_memory(places)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _reserved(settings: Settings) -> Iterator[Settings]:
    """Hold both ports, and yield the settings with those that were found for 0."""
    host = settings.host
    with (
        reserved_port("gRPC", host, settings.grpc_port) as grpc_port,
        reserved_port("HTTP", host, settings.http_port) as http_port,
    ):
        if settings.unix_socket is not None:
            require_free(settings.unix_socket)
        yield settings.model_copy(update={"grpc_port": grpc_port, "http_port": http_port})


def _posts_of(settings: Settings, descriptor: int) -> list[Post]:
    slab, shares = Slab.at(descriptor, settings.workers), shares_of(settings)
    return [
        Post(partial(_keeper, share, descriptor, slab, number))
        for number, share in enumerate(shares)
    ]


def _keeper(
    share: Settings, descriptor: int, slab: Slab, number: int, seat: int, patience: int
) -> Keeper:
    place = Place(slab, number, seat)
    command = (*COMMAND, *arguments_of(descriptor, place))
    start = partial(WorkerProcess.start, share.model_dump_json(), command, (descriptor,))
    stop_seconds = share.lame_duck_seconds + share.shutdown_grace_seconds + OVERTIME_SECONDS
    return Keeper(place, start, Backoff(SHORTEST_PAUSE, LONGEST_PAUSE), stop_seconds, patience)


class Supervisor:
    """Keeps the workers of a server, on ports that are reserved."""

    def __init__(self, settings: Settings, posts: Sequence[Post]) -> None:
        self._settings = settings
        self._posts = posts
        self._is_over = asyncio.Event()
        self._renewal_requested = asyncio.Event()

    async def run(self) -> None:
        """Keep the workers running until a signal, or until one cannot be.

        Raises
        ------
        WorkerFailed
            Where one ended before it was ready, again and again.
        """
        stop_on_signals(self._stop, before_exit=self._kill)
        heed_hangups(self._renewal_requested.set)
        for post in self._posts:
            post.begin(self._is_over.set)
        busy = [asyncio.create_task(work) for work in (self._announce(), self._renew_on_request())]
        await self._is_over.wait()
        for task in busy:
            task.cancel()
        await self._end()

    async def _announce(self) -> None:
        """Print where the server listens, once all workers are ready."""
        for post in self._posts:
            await post.until_ready()
        print_addresses(addresses_of(self._settings))

    async def _renew_on_request(self) -> None:
        """Replace all workers whenever that is requested; once more if it is so meanwhile."""
        while True:
            await self._renewal_requested.wait()
            self._renewal_requested.clear()
            _log.info("SIGHUP: the workers are replaced, one after the other")
            if await self._renew():
                _log.info("all workers are replaced")

    async def _renew(self) -> bool:
        """Replace one worker after the other, until one cannot be; what ails it ails the rest."""
        for post in self._posts:
            if not await post.renew():
                return False
        return True

    def _stop(self) -> None:
        print_stopping()
        self._is_over.set()

    async def _end(self) -> None:
        for post in self._posts:
            post.stop()
        ending = [asyncio.create_task(post.end()) for post in self._posts]
        await asyncio.wait(ending)
        await asyncio.gather(*ending)

    def _kill(self) -> None:
        for post in self._posts:
            post.kill()
