"""What a server tells of itself to whoever watches it: part of the composition."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

from lossgrad_service.admission import Gate
from lossgrad_service.calls import Dispatcher
from lossgrad_service.metrics import Exposition, Place, Sampler
from lossgrad_service.runtime.info import build
from lossgrad_service.shared_memory import Memories

Gauges: TypeAlias = Mapping[tuple[str, ...], Callable[[], float]]
"""How each is asked for, by its name and the values of its labels."""


class Watching:
    """Samples the gauges of one worker, and tells the numbers of all.

    Parameters
    ----------
    place
        Of the worker.
    gauges
        Of what is now.
    """

    def __init__(self, place: Place, gauges: Gauges) -> None:
        self._sampler = Sampler(place.row, gauges)
        self._exposition = Exposition(place.slab, build())

    def text(self) -> bytes:
        """Return what Prometheus reads, with the gauges of this worker as they are now."""
        self._sampler.sample()
        return self._exposition.text()

    @asynccontextmanager
    async def sampling(self) -> AsyncIterator[None]:
        """Sample within the block."""
        task = asyncio.create_task(self._sampler.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def gauges_of(
    dispatcher: Dispatcher, gate: Gate, memories: Memories, count_connections: Callable[[], int]
) -> Gauges:
    """Return the gauges of a server."""
    room, slots, strangers = gate.room, dispatcher.slots, gate.strangers
    return {
        ("lossgrad_admission_held_bytes",): lambda: room.budget.taken + strangers.budget.taken,
        ("lossgrad_admission_limit_bytes",): lambda: room.budget.total + strangers.budget.total,
        ("lossgrad_waiting_calls", "bytes"): lambda: room.n_waiting,
        ("lossgrad_waiting_calls", "threads"): lambda: slots.n_waiting,
        ("lossgrad_compute_threads",): lambda: slots.count,
        ("lossgrad_shared_memory_bytes",): lambda: memories.n_bytes,
        ("lossgrad_http_connections",): count_connections,
    }
