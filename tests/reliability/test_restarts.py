"""Promise 2: our client sees no failed call while workers are killed, or restarted in turn."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from statistics import median

import pytest

from tests.reliability.callers import calling, questions
from tests.reliability.fleet import Fleet, fleet
from tests.telling import Tell

TIMES = 12
ASKED = questions(messages=3_000, streams=100)


@pytest.fixture(scope="module")
def workers() -> Iterator[Fleet]:
    with fleet() as workers:
        yield workers


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=lambda how: how.name)
def test_no_call_fails(workers: Fleet, how: signal.Signals, tell: Tell) -> None:
    with calling(ASKED, workers.addresses) as callers:
        seconds = []
        for step in range(TIMES):
            callers.wait_for((step + 1) / (TIMES + 1))
            seconds.append(workers.replace(how))
        callers.wait_for(1.0)
    tell(f"{TIMES} × {how.name}, another ready {median(seconds):.1f} s later; {callers}")
    callers.assert_answered()
