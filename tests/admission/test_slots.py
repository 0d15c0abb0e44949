"""Slots of computations: a bounded number waits, and nobody in vain."""

from __future__ import annotations

import asyncio

import pytest

from lossgrad.errors import Busy, DeadlineExceeded
from lossgrad_service.admission import Slots
from lossgrad_service.admission.patience import LONGEST_WAIT, patience_of
from lossgrad_service.calls import Deadline
from tests.running import PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("seconds", "expected"), [(2, 1), (1000, LONGEST_WAIT), (float("inf"), LONGEST_WAIT), (-1, 0)]
)
def test_a_call_waits_half_of_its_time_and_not_for_ever(seconds, expected):
    assert patience_of(Deadline(seconds)) == pytest.approx(expected, abs=0.01)


async def begin(slots, deadline=None):
    task = asyncio.ensure_future(slots.take(deadline or Deadline(PATIENCE_SECONDS)))
    await asyncio.sleep(0)
    return task


def test_a_slot_is_handed_on():
    async def use():
        slots = Slots(1)
        since = await slots.take(Deadline())
        first, second = await begin(slots), await begin(slots)
        slots.give(since)
        since = await first
        assert not second.done()
        slots.give(since)
        await second

    asyncio.run(use())


def test_further_calls_are_refused_at_once():
    async def use():
        slots = Slots(1, most_waiting=2)
        since = await slots.take(Deadline())
        waiting = [await begin(slots) for _ in range(2)]
        with pytest.raises(Busy, match="2 calls wait") as caught:
            await slots.take(Deadline())
        assert caught.value.retry_after > 0
        slots.give(since)
        slots.give(await waiting[0])
        slots.give(await waiting[1])

    asyncio.run(use())


def test_a_call_that_would_wait_too_long_is_refused_at_once(monkeypatch):
    async def use():
        slots = Slots(2)
        now = 100.0
        monkeypatch.setattr("lossgrad_service.admission.slots.monotonic", lambda: now)
        for _ in range(50):
            since = await slots.take(Deadline())
            now += 4.0
            slots.give(since)
        await slots.take(Deadline())
        await slots.take(Deadline())
        with pytest.raises(Busy) as caught:
            await slots.take(Deadline(2))
        assert caught.value.retry_after == pytest.approx(2, rel=0.01)

    asyncio.run(use())


def test_a_call_that_waited_in_vain_is_refused():
    async def use():
        slots = Slots(1)
        since = await slots.take(Deadline())
        with pytest.raises(Busy):
            await slots.take(Deadline(0.02))
        slots.give(since)
        await slots.take(Deadline(0.02))

    asyncio.run(use())


def test_calls_under_way_wait_their_turn_beyond_the_bound():
    async def use():
        slots = Slots(1, most_waiting=0)
        since = await slots.take(Deadline())
        under_way = [asyncio.ensure_future(slots.take_in_turn(Deadline())) for _ in range(3)]
        await asyncio.sleep(0)
        for task in under_way:
            slots.give(since)
            since = await task

    asyncio.run(use())


def test_calls_under_way_end_at_their_deadline():
    async def use():
        slots = Slots(1)
        await slots.take(Deadline())
        with pytest.raises(DeadlineExceeded):
            await slots.take_in_turn(Deadline(0.01))

    asyncio.run(use())
