"""Work ends with its caller's presence or time, and by nothing else."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from lossgrad.errors import Cancelled, DeadlineExceeded
from lossgrad_service.calls import Deadline
from lossgrad_service.http_api.disconnect import unless_gone
from tests.running import PATIENCE_SECONDS


class Caller:
    """A caller who leaves when told, with a body that was read."""

    def __init__(self) -> None:
        self.leaves = asyncio.Event()
        self.is_watched = asyncio.Event()
        self.request = Request({"type": "http"}, self._receive)

    async def _receive(self):
        self.is_watched.set()
        await self.leaves.wait()
        return {"type": "http.disconnect"}


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario(), PATIENCE_SECONDS))


def test_answer_of_work_that_waits():
    async def scenario():
        caller = Caller()

        async def work():
            await caller.is_watched.wait()
            return "answer"

        assert await unless_gone(caller.request, work(), Deadline()) == "answer"

    run(scenario)


def test_work_that_never_waits_is_not_watched():
    async def scenario():
        caller = Caller()

        async def work():
            return "answer"

        assert await unless_gone(caller.request, work(), Deadline()) == "answer"
        await asyncio.sleep(0)
        assert not caller.is_watched.is_set()

    run(scenario)


def test_work_is_cancelled_when_its_caller_leaves():
    async def scenario():
        caller, ended = Caller(), []

        async def work():
            try:
                await caller.is_watched.wait()
                caller.leaves.set()
                await asyncio.Event().wait()
            finally:
                ended.append(True)

        with pytest.raises(Cancelled, match="went away before its answer"):
            await unless_gone(caller.request, work(), Deadline())
        assert ended

    run(scenario)


def test_work_is_cancelled_at_the_deadline():
    async def scenario():
        ended = []

        async def work():
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(True)

        with pytest.raises(DeadlineExceeded, match="ran out before its answer"):
            await unless_gone(Caller().request, work(), Deadline(0.01))
        assert ended

    run(scenario)


def test_errors_of_the_work_are_its_own():
    async def scenario():
        caller = Caller()

        async def work():
            raise TimeoutError("mine")

        with pytest.raises(TimeoutError, match="mine"):
            await unless_gone(caller.request, work(), Deadline())

    run(scenario)


def test_cancelling_the_call_is_not_taken_for_its_caller():
    async def scenario():
        caller = Caller()
        call = asyncio.create_task(unless_gone(caller.request, asyncio.Event().wait(), Deadline()))
        await caller.is_watched.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    run(scenario)
