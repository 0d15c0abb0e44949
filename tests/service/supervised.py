"""``lossgrad serve`` with two workers: its log, its processes, and callers meanwhile."""

from __future__ import annotations

import os
import re
import select
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Event, Timer

import lossgrad
from tests.running import PATIENCE_SECONDS

TWO = ("--workers", "2", "--log-level", "info")
ONE_ROW = {"scores": [[1.0, 2.0, 3.0]], "labels": [2]}
PAUSE_SECONDS = 0.005
"""Between calls, which would leave no core to workers that start."""

IS_READY = r"(worker \d) is ready as process (\d+)"


def next_told(process, pattern):
    """Read the log on to a line with a pattern; return its groups."""
    too_long = Timer(PATIENCE_SECONDS, process.kill)
    too_long.start()
    try:
        lines = (re.search(pattern, line) for line in process.stderr)
        return next(found.groups() for found in lines if found)
    finally:
        too_long.cancel()


def both_ready(process):
    """Read the log until two workers are ready; return their process ids by name."""
    told = (next_told(process, IS_READY) for _ in range(2))
    return {name: int(pid) for name, pid in told}


@contextmanager
def calling(targets, **options):
    """Make calls to each target, one after the other; all of them must be answered alike."""
    over = Event()

    def call_on(target):
        with lossgrad.Client(target, **options) as client:
            answers = {client.compute(**ONE_ROW).loss}
            while not over.wait(PAUSE_SECONDS):
                answers.add(client.compute(**ONE_ROW).loss)
        return answers

    with ThreadPoolExecutor() as threads:
        callers = [threads.submit(call_on, target) for target in targets]
        try:
            yield
        finally:
            over.set()
        answers = set().union(*(caller.result(PATIENCE_SECONDS) for caller in callers))
    assert len(answers) == 1


@contextmanager
def watched(pids):
    """Yield a function that returns once the processes have ended, whoever their parent is."""
    descriptors = [os.pidfd_open(pid) for pid in pids]
    try:
        yield partial(_wait_for_end, descriptors)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _wait_for_end(descriptors):
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
        assert poll.poll(PATIENCE_SECONDS * 1000)
        poll.unregister(descriptor)
