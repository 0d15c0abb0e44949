"""A call inside the gate: what it holds, and that nothing of it stays, however it ends."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from lossgrad.errors import Busy, DeadlineExceeded, TooLarge
from lossgrad_service.access.caller import Caller, Quota
from lossgrad_service.calls import Deadline
from tests.admission.gates import MEBIBYTE, gate, visit

LONG = Deadline()


async def bytes_of(size):
    return bytes(size)


async def kept_waiting(at, caller="a", declared=2**18, at_most=30 * MEBIBYTE, deadline=LONG):
    """Return a visit whose caller sends nothing, and the task that waits for its message."""
    entered, silence = visit(at, caller), asyncio.Event()
    task = asyncio.ensure_future(entered.receive(silence.wait, declared, at_most, deadline))
    await asyncio.sleep(0)
    return entered, task


async def until_late(at, count):
    while len(at.room.waits.late) < count:
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("declared", [None, 40, 70])
def test_a_message_is_charged_as_declared_and_then_as_it_is(declared):
    async def use():
        at = gate(MEBIBYTE)
        entered, task = await kept_waiting(at, declared=declared, at_most=300)
        assert at.room.budget.taken == (100 if declared is None else declared)
        task.cancel()
        await asyncio.wait([task])
        entered.leave()
        other = visit(at)
        assert len(await other.receive(partial(bytes_of, 50), declared, MEBIBYTE, LONG)) == 50
        assert at.room.budget.taken == other.held == 50
        other.leave()
        other.leave()
        assert at.room.budget.taken == 0

    asyncio.run(use())


@pytest.mark.parametrize("held", [0, 20])
def test_what_can_never_fit_is_too_large(held):
    async def use():
        at = gate(100)
        entered = visit(at)
        await entered.admit(held, LONG)
        with pytest.raises(TooLarge, match="51 bytes") as caught:
            await entered.admit(51 - held, LONG)
        assert caught.value.limit == "admission_bytes"

    asyncio.run(use())


def test_a_call_waits_for_bytes():
    async def use():
        at = gate(100)
        first, second = visit(at), visit(at)
        await first.admit(50, LONG)
        waiting = asyncio.ensure_future(second.admit(1, LONG))
        await asyncio.sleep(0)
        await visit(at, "b").admit(50, LONG)
        assert not waiting.done()
        first.leave()
        await waiting
        assert second.held == 1

    asyncio.run(use())


def test_a_call_does_not_wait_for_ever_nor_behind_too_many():
    async def use():
        at = gate(100, most_waiting=2)
        first = visit(at)
        await first.admit(50, LONG)
        with pytest.raises(Busy) as caught:
            await visit(at).admit(1, Deadline(0.02))
        assert caught.value.retry_after > 0
        waiting = asyncio.ensure_future(visit(at).admit(1, LONG))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await visit(at).admit(1, LONG)
        waiting.cancel()
        await asyncio.wait([waiting])
        first.leave()
        assert at.room.budget.taken == 0

    asyncio.run(use())


def test_a_caller_that_waits_for_its_own_share_keeps_nobody_out():
    async def use():
        at = gate(100, most_waiting=4)
        await visit(at, "a").admit(50, LONG)
        waiting = [asyncio.ensure_future(visit(at, "a").admit(1, LONG)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await visit(at, "a").admit(1, LONG)
        await visit(at, "b").admit(50, LONG)
        last = asyncio.ensure_future(visit(at, "c").admit(1, LONG))
        await asyncio.sleep(0)
        assert not last.done()
        for task in (*waiting, last):
            task.cancel()

    asyncio.run(use())


@pytest.mark.usefixtures("impatient")
def test_a_caller_that_sends_nothing_is_not_ended_for_who_waits_for_his_own_share():
    async def use():
        at = gate(100)
        silence = asyncio.Event()
        quiet = asyncio.ensure_future(visit(at, "b").wait_for_caller(silence.wait, 1, LONG))
        await visit(at, "a").admit(50, LONG)
        waiting = asyncio.ensure_future(visit(at, "a").admit(1, LONG))
        await until_late(at, 1)
        assert not quiet.done()
        silence.set()
        await quiet
        waiting.cancel()

    asyncio.run(use())


@pytest.mark.usefixtures("impatient")
def test_an_answer_that_nobody_takes_makes_room():
    async def use():
        at, hung_up = gate(100), []
        answered, kept = visit(at, "a"), visit(at, "a")
        answered.be_answered(30, lambda: hung_up.append(answered.leave()))
        kept.be_answered(20, lambda: hung_up.append(kept))
        await until_late(at, 2)
        await visit(at, "a").admit(10, LONG)
        assert hung_up == [None]
        kept.leave()
        assert not at.room.waits.late

    asyncio.run(use())


@pytest.mark.usefixtures("impatient")
def test_a_late_call_is_charged_for_what_may_come():
    async def use():
        at = gate(100 * MEBIBYTE)
        entered, task = await kept_waiting(at)
        await until_late(at, 1)
        assert at.room.budget.taken == 10 * MEBIBYTE
        task.cancel()
        await asyncio.wait([task])
        assert entered.held == 2**18
        assert not at.room.waits.late

    asyncio.run(use())


@pytest.mark.usefixtures("impatient")
def test_a_late_call_ends_where_what_may_come_is_not_free():
    async def use():
        at = gate(100 * MEBIBYTE, 11 * MEBIBYTE)
        await visit(at).admit(9 * MEBIBYTE, LONG)
        _, task = await kept_waiting(at)
        with pytest.raises(Busy, match="slower than"):
            await task

    asyncio.run(use())


def test_of_calls_that_tell_nothing_no_more_are_read_than_there_is_room_for():
    async def use():
        at, begun, release = gate(60), [], asyncio.Event()

        async def read():
            begun.append(None)
            await release.wait()
            return bytes(5)

        visits = [visit(at, caller) for caller in "abcde"]
        tasks = [asyncio.ensure_future(v.receive(read, None, 90, LONG)) for v in visits]
        await asyncio.sleep(0)
        assert len(begun) == 2
        release.set()
        assert [len(message) for message in await asyncio.gather(*tasks)] == 5 * [5]
        assert at.room.budget.taken == 5 * 5

    asyncio.run(use())


@pytest.mark.usefixtures("impatient")
def test_a_late_call_that_told_nothing_stays_until_others_need_room():
    async def use():
        at = gate(60 * MEBIBYTE)
        entered, task = await kept_waiting(at, declared=None)
        await until_late(at, 1)
        task.add_done_callback(lambda _: entered.leave())
        assert entered.held == 10 * MEBIBYTE
        await visit(at, "b").admit(30 * MEBIBYTE, LONG)
        await visit(at, "c").admit(25 * MEBIBYTE, LONG)
        with pytest.raises(Busy, match="did not tell"):
            await task

    asyncio.run(use())


@pytest.mark.usefixtures("impatient")
def test_late_calls_make_room_the_first_of_them_first():
    async def use():
        at = gate(60 * MEBIBYTE)
        late = [await kept_waiting(at, caller) for caller in "ab"]
        await until_late(at, 2)
        for entered, task in late:
            task.add_done_callback(lambda _, entered=entered: entered.leave())
        await visit(at, "c").admit(30 * MEBIBYTE, LONG)
        await visit(at, "d").admit(15 * MEBIBYTE, LONG)
        with pytest.raises(Busy):
            await late[0][1]
        assert not late[1][1].done()
        late[1][1].cancel()

    asyncio.run(use())


@pytest.mark.usefixtures("impatient")
def test_late_calls_of_others_need_not_make_room_for_a_callers_own_share():
    async def use():
        at = gate(60 * MEBIBYTE)
        _, task = await kept_waiting(at, "b")
        await until_late(at, 1)
        own = visit(at, "a")
        await own.admit(30 * MEBIBYTE, LONG)
        with pytest.raises(Busy):
            await visit(at, "a").admit(MEBIBYTE, Deadline(0.02))
        assert not task.done()
        task.cancel()

    asyncio.run(use())


@pytest.mark.usefixtures("impatient")
def test_waiting_for_a_caller_ends_at_the_deadline():
    async def use():
        _, task = await kept_waiting(gate(100 * MEBIBYTE), deadline=Deadline(0.01))
        with pytest.raises(DeadlineExceeded):
            await task

    asyncio.run(use())


@pytest.mark.usefixtures("impatient")
def test_timers_end_with_the_waits():
    async def use():
        at = gate(MEBIBYTE)
        await visit(at).receive(partial(bytes_of, 5), None, 10, LONG)
        while at.room.waits._timer is not None:
            await asyncio.sleep(0.001)

    asyncio.run(use())


def test_declared_bytes_beyond_the_quota_are_refused_unread():
    async def use():
        at = gate(MEBIBYTE)
        at._door = Stranger()
        for _ in range(2):
            await visit(at).receive(partial(bytes_of, 60), 60, 100, LONG)
        with pytest.raises(Busy, match="bytes_per_minute"):
            await visit(at).receive(partial(bytes_of, 60), 60, 100, LONG)
        await visit(at).receive(partial(bytes_of, 5), 5, 100, LONG)
        visit(at)
        with pytest.raises(Busy, match="calls_per_minute"):
            visit(at)

    asyncio.run(use())


def test_bytes_that_nobody_declared_are_owed():
    async def use():
        at = gate(MEBIBYTE)
        at._door = Stranger()
        for _ in range(3):
            await visit(at).receive(partial(bytes_of, 60), None, 100, LONG)
        with pytest.raises(Busy, match="bytes_per_minute"):
            await visit(at).receive(partial(bytes_of, 1), None, 100, LONG)

    asyncio.run(use())


def test_what_is_refused_for_room_does_not_count():
    async def use():
        at = gate(400)
        at._door = Stranger()
        full = visit(at)
        full.resize(200)
        with pytest.raises(Busy, match="not free"):
            await visit(at).receive(partial(bytes_of, 40), 40, 90, Deadline(0))
        full.leave()
        for _ in range(3):
            await visit(at).receive(partial(bytes_of, 40), 40, 90, LONG)

    asyncio.run(use())


class Stranger:
    def caller_of(self, *_):
        return Caller("a", Quota(calls_per_minute=5, bytes_per_minute=125))
