"""Gauges that are looked at from time to time."""

from __future__ import annotations

import asyncio
import time

from lossgrad_service.metrics import Place, Sampler, sampling
from lossgrad_service.metrics.cells import TICK
from tests.metrics.reading import value_of

HELD, WAITING = ("lossgrad_admission_held_bytes",), ("lossgrad_waiting_calls", "threads")


def test_gauges_are_told_as_they_are_now():
    place, held = Place.alone(), [5.0]
    sampler = Sampler(place.row, {HELD: lambda: held[0], WAITING: lambda: 3})
    sampler.sample()
    held[0] = 4.0
    sampler.sample()
    assert value_of(place.slab, *HELD) == 4
    assert value_of(place.slab, WAITING[0], resource="threads") == 3


def test_a_loop_that_was_held_up_is_told(monkeypatch):
    monkeypatch.setattr(sampling, "PERIOD_SECONDS", 0.001)
    place, name = Place.alone(), "lossgrad_worker_event_loop_lag_seconds"
    sampled = []

    async def held_up():
        sampler = Sampler(place.row, {HELD: lambda: sampled.append(1) or 0.0})
        running = asyncio.create_task(sampler.run())
        while len(sampled) < 2:
            await asyncio.sleep(0)
        time.sleep(0.05)
        reached = len(sampled) + 1
        while len(sampled) < reached:
            await asyncio.sleep(0)
        running.cancel()

    asyncio.run(held_up())
    assert value_of(place.slab, name, worker="1") >= 0.04


def test_a_loop_that_hangs_is_told_by_others():
    place, name = Place.alone(), "lossgrad_worker_event_loop_lag_seconds"
    place.take()
    assert value_of(place.slab, name, worker="1") == 0
    place.row[TICK] = time.monotonic() - 60
    assert value_of(place.slab, name, worker="1") >= 59
    place.leave()
    assert value_of(place.slab, name, worker="1") == 0
