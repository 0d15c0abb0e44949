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
from lossgrad_service.runtime.signals import stop_on_signals
from lossgrad_service.runtime.unix_socket import require_free
from lossgrad_service.workers.backoff import Backoff
from lossgrad_service.workers.handover import arguments_of
from lossgrad_service.workers.keeper import Keeper
from lossgrad_service.workers.ports import reserved_port
from lossgrad_service.workers.process import COMMAND, WorkerProcess
from lossgrad_service.workers.shares import shares_of

_log = logging.getLogger(__name__)

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds until a worker that ended is started again."""

OVERTIME_SECONDS = 5.0
"""What a worker gets to end beyond its lame duck and grace, until it is killed."""


def supervise(settings: Settings) -> None:
    """Serve by as many workers as the settings say, until SIGINT or SIGTERM.

    Raises
    ------
    OSError
        Where an address is taken or cannot be had, or memory to count in.
    WorkerFailed
        Where a worker does not start, again and again.
    """
    with _reserved(settings) as found, _shared_memory(found.workers) as descriptor:
        asyncio.run(Supervisor(found, _keepers_of(found, descriptor)).run())


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


def _keepers_of(settings: Settings, descriptor: int) -> list[Keeper]:
    slab, shares = Slab.at(descriptor, settings.workers), shares_of(settings)
    return [_keeper(share, descriptor, Place(slab, number)) for number, share in enumerate(shares)]


def _keeper(share: Settings, descriptor: int, place: Place) -> Keeper:
    command = (*COMMAND, *arguments_of(descriptor, place))
    start = partial(WorkerProcess.start, share.model_dump_json(), command, (descriptor,))
    return Keeper(place, start, Backoff(SHORTEST_PAUSE, LONGEST_PAUSE))


class Supervisor:
    """Keeps the workers of a server, on ports that are reserved."""

    def __init__(self, settings: Settings, keepers: Sequence[Keeper]) -> None:
        self._settings = settings
        self._keepers = keepers
        self._stop_requested = asyncio.Event()

    async def run(self) -> None:
        """Keep the workers running until a signal, or until one cannot be.

        Raises
        ------
        WorkerFailed
            Where one ended before it was ready, again and again.
        """
        stop_on_signals(self._stop_requested.set, before_exit=self._kill)
        announcing = asyncio.create_task(self._announce())
        stopping = asyncio.create_task(self._stop_requested.wait())
        workers = [asyncio.create_task(keeper.run()) for keeper in self._keepers]
        await asyncio.wait([stopping, *workers], return_when=asyncio.FIRST_COMPLETED)
        announcing.cancel()
        if stopping.done():
            print_stopping()
        stopping.cancel()
        await self._stop(workers)

    async def _announce(self) -> None:
        """Print where the server listens, once all workers are ready."""
        for keeper in self._keepers:
            await keeper.was_ready.wait()
        print_addresses(addresses_of(self._settings))

    async def _stop(self, workers: list[asyncio.Task[None]]) -> None:
        for keeper in self._keepers:
            keeper.stop()
        settings = self._settings
        patience = settings.lame_duck_seconds + settings.shutdown_grace_seconds + OVERTIME_SECONDS
        _, late = await asyncio.wait(workers, timeout=patience)
        if late:
            self._kill()
            _log.error("%d workers did not stop within %g s and are killed", len(late), patience)
        await asyncio.gather(*workers)

    def _kill(self) -> None:
        for keeper in self._keepers:
            keeper.kill()
