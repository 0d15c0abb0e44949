"""Waiting in turn: in order, for a bounded time, and without a loss whoever leaves."""

from __future__ import annotations

import asyncio

import pytest

from lossgrad_service.admission.budget import Budget, Claim
from lossgrad_service.admission.line import Line
from tests.running import PATIENCE_SECONDS


async def waiting(line, *claims, seconds=PATIENCE_SECONDS):
    """Return tasks that wait, in the order of the claims."""
    tasks = [asyncio.ensure_future(line.wait(claim, seconds)) for claim in claims]
    await asyncio.sleep(0)
    return tasks


def line_of(total=10, most=10):
    budget = Budget(total, most)
    return Line(budget), budget


def test_nobody_waits_for_what_is_free():
    async def use():
        line, _ = line_of()
        assert line.take(Claim("a", 4))
        assert await line.wait(Claim("a", 6), 0)
        assert not line.take(Claim("a", 1))
        assert len(line) == 0

    asyncio.run(use())


def test_claims_of_several_are_met_in_order_and_small_ones_do_not_pass():
    async def use():
        line, _ = line_of()
        line.take(Claim("a", 10))
        large, small = await waiting(line, Claim("b", 6), Claim("c", 5))
        line.give(Claim("a", 5))
        await asyncio.sleep(0)
        assert not large.done()
        assert not small.done()
        assert not line.take(Claim("d", 1))
        line.give(Claim("a", 1))
        assert await large
        assert not small.done()
        line.give(Claim("b", 6))
        assert await small

    asyncio.run(use())


def test_a_caller_that_has_its_share_holds_up_nobody():
    async def use():
        line, _ = line_of(most=5)
        line.take(Claim("a", 5))
        own, other = await waiting(line, Claim("a", 1), Claim("b", 5))
        assert await other
        assert not own.done()
        line.give(Claim("a", 1))
        assert await own

    asyncio.run(use())


def test_nobody_passes_his_own_claims():
    async def use():
        line, _ = line_of(most=5)
        line.take(Claim("a", 4))
        large, small = await waiting(line, Claim("a", 2), Claim("a", 1))
        assert not small.done()
        assert not line.take(Claim("a", 1))
        assert line.take(Claim("b", 5))
        line.give(Claim("a", 2))
        assert await large
        assert await small

    asyncio.run(use())


@pytest.mark.parametrize("freed", [(1, 1, 1, 1), (2, 2), (4,)])
def test_callers_take_turns(freed):
    async def use():
        line, _ = line_of()
        line.take(Claim("z", 10))
        callers, order = ("a1", "a2", "a3", "b1"), []
        for task, who in zip(
            await waiting(line, *(Claim(who[0], 1) for who in callers)), callers, strict=True
        ):
            task.add_done_callback(lambda _, who=who: order.append(who))
        for size in freed:
            line.give(Claim("z", size))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return order

    assert asyncio.run(use()) == ["a1", "b1", "a2", "a3"]


def test_who_had_the_last_turn_comes_after_those_who_join_meanwhile():
    async def use():
        line, _ = line_of(total=1)
        line.take(Claim("a", 1))
        told = []
        for who in ("a1", "a2", "b1", "b2", "c1"):
            [task] = await waiting(line, Claim(who[0], 1))
            task.add_done_callback(lambda _, who=who: told.append(who))
        for last in ("a", "b", "c", "a", "b"):
            line.give(Claim(last, 1))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return told

    assert asyncio.run(use()) == ["b1", "c1", "a1", "b2", "a2"]


def test_whose_time_is_over_leaves_and_lets_others_up():
    async def use():
        line, budget = line_of()
        line.take(Claim("a", 5))
        [large] = await waiting(line, Claim("b", 6), seconds=0.01)
        [small] = await waiting(line, Claim("c", 5))
        assert not await large
        assert await small
        assert budget.taken == 10
        assert len(line) == 0

    asyncio.run(use())


@pytest.mark.parametrize("is_met", [False, True])
def test_who_is_cancelled_takes_nothing_along(is_met):
    async def use():
        line, budget = line_of()
        line.take(Claim("a", 10))
        gone, next_one = await waiting(line, Claim("b", 6), Claim("c", 5))
        if is_met:
            line.give(Claim("a", 10))
            assert budget.taken == 6
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        line.give(Claim("a", 0 if is_met else 10))
        assert await next_one
        assert budget.taken == 5

    asyncio.run(use())
