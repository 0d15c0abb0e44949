"""A worker that stands still is found out by its silence, killed and replaced."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from lossgrad_service.metrics import Place
from lossgrad_service.metrics.cells import TICK
from lossgrad_service.workers import hanging, keeper
from lossgrad_service.workers.hanging import SILENT_LOOKS, until_silent
from lossgrad_service.workers.keeper import PATIENCE, WorkerFailed
from tests.running import PATIENCE_SECONDS
from tests.service.processes import serving
from tests.service.stand_ins import FAILS, HANGS, NEVER_READY, keeper_of, restarts_of
from tests.service.supervised import IS_READY, TWO, both_ready, calling, next_told


class Ticks:
    """A place whose process is seen to turn so often, and then no more."""

    def __init__(self, *ticks):
        self._ticks = list(ticks)
        self.looks = 0

    @property
    def tick(self):
        self.looks += 1
        return self._ticks.pop(0) if len(self._ticks) > 1 else self._ticks[0]


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(hanging, "LOOK_SECONDS", 0.0)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("ticks", "heard"),
    [
        ([5.0], 1),
        ([0.0, 0.0, 5.0], 3),
        ([5.0] * SILENT_LOOKS + [6.0], SILENT_LOOKS + 1),
        ([*range(1, 100)], 99),
    ],
)
def test_silence_is_counted_in_looks_since_a_process_was_heard(ticks, heard):
    place = Ticks(*ticks)
    asyncio.run(asyncio.wait_for(until_silent(place), PATIENCE_SECONDS))
    assert place.looks == heard + SILENT_LOOKS


@pytest.mark.usefixtures("at_once")
def test_a_process_that_was_never_heard_may_take_its_time():
    async def scenario():
        watching = asyncio.create_task(until_silent(place))
        while place.looks < 10 * SILENT_LOOKS:
            await asyncio.sleep(0)
        assert not watching.done()

    place = Ticks(0.0)
    asyncio.run(scenario())


@pytest.mark.usefixtures("at_once")
def test_a_silent_worker_is_killed_and_counted(caplog):
    async def scenario():
        running = asyncio.create_task(kept.run())
        await kept.was_ready.wait()
        place.row[TICK] = 5.0
        await running

    place = Place.alone()
    kept = keeper_of(HANGS, *[FAILS] * PATIENCE, place=place)
    with pytest.raises(WorkerFailed):
        asyncio.run(scenario())
    assert restarts_of(place) == {"hung": 1, "unready": PATIENCE}
    assert "worker 1 ended with signal 9 from its supervisor, as it hung" in caplog.text


@pytest.mark.parametrize("program", [NEVER_READY, "import time; time.sleep(60)"])
def test_a_worker_that_never_gets_ready_is_killed(monkeypatch, program):
    monkeypatch.setattr(keeper, "START_SECONDS", 0.0)
    place = Place.alone()
    with pytest.raises(WorkerFailed, match=r"with signal 9 from its supervisor, as it hung$"):
        asyncio.run(keeper_of(*[program] * PATIENCE, place=place).run())
    assert restarts_of(place) == {"hung": PATIENCE}


IMPATIENT = """
from lossgrad_service.workers import hanging
from lossgrad_service.__main__ import main
hanging.SILENT_LOOKS = 4
main()
"""


def test_a_stopped_worker_is_replaced_and_no_call_fails():
    with serving(*TWO, program=("-c", IMPATIENT)) as (process, addresses):
        workers = both_ready(process)
        with calling((addresses["gRPC"], addresses["HTTP"])):
            os.kill(workers["worker 2"], signal.SIGSTOP)
            next_told(process, "worker 2 ended with signal 9 from its supervisor, as it hung")
            assert next_told(process, IS_READY)[0] == "worker 2"
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
