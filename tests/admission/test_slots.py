"""Slots of computations: a bounded number waits, nobody in vain, and callers take turns."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from lossgrad.errors import Busy, DeadlineExceeded
from lossgrad_service.admission import Slots
from lossgrad_service.admission import slots as slots_module
from lossgrad_service.admission.patience import LONGEST_WAIT, patience_of
from lossgrad_service.calls import Call, Deadline, Dispatcher, Observer, Readiness, Service
from lossgrad_service.calls.call_log import CallLog
from lossgrad_service.metrics import Meter, Place
from lossgrad_service.runtime.info import limits_of
from lossgrad_service.runtime.settings import Settings
from tests.admission.gates import gate, visit
from tests.running import PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("seconds", "expected"), [(2, 1), (1000, LONGEST_WAIT), (float("inf"), LONGEST_WAIT), (-1, 0)]
)
def test_a_call_waits_half_of_its_time_and_not_for_ever(monkeypatch, seconds, expected):
    monkeypatch.setattr(Deadline, "remaining", lambda _: seconds)
    assert patience_of(Deadline()) == expected


async def begin(slots, caller="a"):
    task = asyncio.ensure_future(slots.take(caller, Deadline(PATIENCE_SECONDS)))
    await asyncio.sleep(0)
    return task


def test_a_slot_is_handed_on():
    async def use():
        slots = Slots(1)
        since = await slots.take("a", Deadline())
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
        since = await slots.take("z", Deadline())
        waiting = [await begin(slots, caller) for caller in "ab"]
        with pytest.raises(Busy, match="2 calls wait") as caught:
            await slots.take("c", Deadline())
        assert caught.value.retry_after > 0
        slots.give(since)
        slots.give(await waiting[0])
        slots.give(await waiting[1])

    asyncio.run(use())


async def begun_in_order(slots, since, waiting):
    """Return who waited, in the order of their turns."""
    order, left = [], dict(waiting)
    while left:
        slots.give(since)
        done, _ = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        [task] = done
        order.append(left.pop(task))
        since = await task
    return order


def test_one_caller_fills_half_of_the_line():
    async def use():
        slots = Slots(1, most_waiting=6)
        since = await slots.take("z", Deadline())
        waiting = [(await begin(slots), "a") for _ in range(3)]
        with pytest.raises(Busy, match="3 calls wait"):
            await slots.take("a", Deadline())
        waiting.append((await begin(slots, "b"), "b"))
        return await begun_in_order(slots, since, waiting)

    assert asyncio.run(use()) == ["a", "b", "a", "a"]


@pytest.mark.parametrize("under_way", [False, True])
def test_callers_take_turns(under_way):
    async def wait_for(slots, caller):
        take = slots.take_in_turn if under_way else slots.take
        task = asyncio.ensure_future(take(caller[0], Deadline(PATIENCE_SECONDS)))
        await asyncio.sleep(0)
        return task, caller

    async def use():
        slots = Slots(1)
        since = await slots.take("z", Deadline())
        waiting = [await wait_for(slots, who) for who in ("a1", "a2", "a3", "a4", "b1", "b2", "c1")]
        return await begun_in_order(slots, since, waiting)

    assert asyncio.run(use()) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


def test_whose_turn_it_is_does_not_depend_on_who_comes_meanwhile():
    async def use():
        slots = Slots(1)
        since = await slots.take("z", Deadline())
        first, second, other = [await begin(slots, caller) for caller in "aab"]
        slots.give(since)
        late = await begin(slots, "b")
        return await begun_in_order(
            slots, await first, [(second, "a2"), (other, "b1"), (late, "b2")]
        )

    assert asyncio.run(use()) == ["b1", "a2", "b2"]


def test_who_comes_while_another_computes_is_next():
    async def use():
        slots = Slots(1)
        since = await slots.take("a", Deadline())
        waiting = [(await begin(slots, who[0]), who) for who in ("a1", "a2", "b1")]
        return await begun_in_order(slots, since, waiting)

    assert asyncio.run(use()) == ["b1", "a1", "a2"]


def test_a_spare_slot_is_for_who_has_no_other():
    async def use():
        slots = Slots(1, spares=1)
        turn = await slots.take("a", Deadline())
        waiting = [await begin(slots) for _ in range(2)]
        other = await slots.take("b", Deadline())
        late = await begin(slots, "b")
        assert (turn.is_spare, other.is_spare, slots.n_waiting) == (False, True, 3)
        slots.give(other)
        assert (await late).is_spare
        assert not any(each.done() for each in waiting)
        slots.give(turn)
        assert not (await waiting[0]).is_spare

    asyncio.run(use())


def test_what_a_spare_slot_computes_is_no_measure_for_those_who_wait(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(slots_module, "monotonic", lambda: now[0])

    async def use():
        slots = Slots(1, spares=1)
        for _ in range(20):
            turn = await slots.take("a", Deadline(60))
            for _ in range(100):
                spare = await slots.take("b", Deadline(60))
                now[0] += 0.02
                slots.give(spare)
            slots.give(turn)
        turn = await slots.take("a", Deadline(60))
        waiting = [await begin(slots) for _ in range(2)]
        with pytest.raises(Busy):
            await slots.take("a", Deadline(60))
        for each in waiting:
            each.cancel()

    asyncio.run(use())


def test_hope_is_looked_for_as_a_slot_is():
    async def use():
        slots = Slots(1, most_waiting=1, spares=1)
        slots.require("a", Deadline())
        await slots.take("a", Deadline())
        waiting = await begin(slots)
        slots.require("b", Deadline())
        with pytest.raises(Busy, match="1 calls wait"):
            slots.require("a", Deadline())
        waiting.cancel()

    asyncio.run(use())


def test_who_has_a_spare_slot_computes_beside_the_others():
    """On a thread of its own: all others may be taken for as long as they like."""

    async def use(threads, spare):
        slots, done = Slots(1, spares=1), threading.Event()
        dispatcher = replace(dispatcher_of(slots, threads), spare=spare)
        calls = {caller: Call("id", Deadline(PATIENCE_SECONDS)) for caller in "ab"}
        for caller, call in calls.items():
            call.visit = visit(gate(), caller)
        computing = asyncio.ensure_future(dispatcher.run_soon(calls["a"], done.wait))
        await asyncio.sleep(0)
        await dispatcher.run_soon(calls["b"], done.set)
        return await computing

    with ThreadPoolExecutor(1) as threads, ThreadPoolExecutor(1) as spare:
        assert asyncio.run(use(threads, spare))


def test_turns_count_where_it_is_judged_how_long_a_call_would_wait(monkeypatch):
    async def use():
        slots = Slots(1)
        now = 100.0
        monkeypatch.setattr("lossgrad_service.admission.slots.monotonic", lambda: now)
        for _ in range(100):
            since = await slots.take("z", Deadline())
            now += 0.5
            slots.give(since)
        since = await slots.take("z", Deadline())
        waiting = [(await begin(slots), "a") for _ in range(7)]
        with pytest.raises(Busy):
            await slots.take("a", Deadline(PATIENCE_SECONDS))
        waiting.append((await begin(slots, "b"), "b"))
        return await begun_in_order(slots, since, waiting)

    assert asyncio.run(use()) == ["a", "b", *"aaaaaa"]


def dispatcher_of(slots, threads):
    service, readiness = Service(limits_of(Settings()), pytest.fail), Readiness()
    observer = Observer(Meter(Place.alone().row), CallLog(), readiness)
    return Dispatcher(service, readiness, observer, threads, threads, slots)


def test_a_computation_takes_its_callers_turn():
    """Whom a call is for is told to the slots, over all adapters."""

    async def use(threads):
        slots = Slots(1)
        dispatcher = dispatcher_of(slots, threads)
        since, running, order = await slots.take("z", Deadline()), [], []
        for run in (dispatcher.run_soon, dispatcher.run):
            for caller in "aab":
                call = Call("id", Deadline(PATIENCE_SECONDS))
                call.visit = visit(gate(), caller)
                running.append(asyncio.ensure_future(run(call, partial(order.append, caller))))
                await asyncio.sleep(0)
        slots.give(since)
        await asyncio.gather(*running)
        return order

    with ThreadPoolExecutor(1) as threads:
        assert asyncio.run(use(threads)) == list("ababaa")


def test_a_call_that_would_wait_too_long_is_refused_at_once(monkeypatch):
    async def use():
        slots = Slots(2)
        now = 100.0
        monkeypatch.setattr("lossgrad_service.admission.slots.monotonic", lambda: now)
        for _ in range(50):
            since = await slots.take("a", Deadline())
            now += 4.0
            slots.give(since)
        await slots.take("a", Deadline())
        await slots.take("a", Deadline())
        with pytest.raises(Busy) as caught:
            await slots.take("a", Deadline(2))
        assert caught.value.retry_after == pytest.approx(2, rel=0.01)

    asyncio.run(use())


def test_a_call_that_waited_in_vain_is_refused():
    async def use():
        slots = Slots(1)
        since = await slots.take("a", Deadline())
        with pytest.raises(Busy):
            await slots.take("a", Deadline(0.02))
        slots.give(since)
        await slots.take("a", Deadline(0.02))

    asyncio.run(use())


def test_calls_under_way_wait_their_turn_beyond_the_bound():
    async def use():
        slots = Slots(1, most_waiting=0)
        since = await slots.take("a", Deadline())
        under_way = [asyncio.ensure_future(slots.take_in_turn("a", Deadline())) for _ in range(3)]
        await asyncio.sleep(0)
        for task in under_way:
            slots.give(since)
            since = await task

    asyncio.run(use())


def test_calls_under_way_end_at_their_deadline():
    async def use():
        slots = Slots(1)
        await slots.take("a", Deadline())
        with pytest.raises(DeadlineExceeded):
            await slots.take_in_turn("a", Deadline(0.01))

    asyncio.run(use())
