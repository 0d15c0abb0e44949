"""A worker that stands still for seconds: no call fails, whether it is replaced or goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.reliability.callers import calling, questions
from tests.reliability.fleet import fleet
from tests.telling import Tell

TIMES = 4
STILL_SECONDS = 6.0

ASKED = questions(messages=100, streams=10)


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """Stop a process until the block is left; by then it may have been replaced."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def test_no_call_fails(tell: Tell) -> None:
    with fleet() as workers, calling(ASKED, workers.addresses) as callers:
        for step in range(TIMES):
            callers.wait_for_more(1 / TIMES)
            with standing_still(workers.workers()[step % 2]):
                time.sleep(STILL_SECONDS)
        callers.wait_for_more(1 / TIMES)
    tell(f"{TIMES} × {STILL_SECONDS:g} s; {callers}")
    callers.assert_answered()
