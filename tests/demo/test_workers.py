from __future__ import annotations

import multiprocessing
import os
import signal

import numpy as np
import pytest

from lossgrad import Client
from lossgrad.errors import InvalidArgument
from lossgrad_service.child.piped import ProcessDied
from lossgrad_service.demo.workers import WorkerPool, worker_pool

PROBLEM = {
    "h1": np.linspace(-1, 1, 12).reshape(4, 3),
    "w2": np.linspace(0, 1, 6).reshape(3, 2),
    "labels": np.array([0, 1, 1, 0]),
}


def test_every_worker_answers_what_the_core_does(pool: WorkerPool) -> None:
    with Client("local:") as local:
        expected = local.compute(**PROBLEM)
    first, second = pool.compute([PROBLEM, {**PROBLEM, "reg": 1.0}])
    np.testing.assert_array_equal(first.dw2, expected.dw2)
    np.testing.assert_array_equal(second.dw2, expected.dw2 + PROBLEM["w2"])


def test_calls_are_counted(pool: WorkerPool) -> None:
    before = pool.tally.calls
    pool.compute([PROBLEM, PROBLEM])
    assert pool.tally.calls == before + 2
    assert pool.tally.wire_seconds > 0
    assert pool.tally.service_seconds["compute"] > 0


def test_refusal_is_raised_here_and_the_pool_goes_on(pool: WorkerPool) -> None:
    with pytest.raises(InvalidArgument, match="labels"):
        pool.compute([PROBLEM, {**PROBLEM, "labels": np.array([0, 1, 1, 9])}])
    assert len(pool.compute([PROBLEM, PROBLEM])) == 2


def test_no_worker_is_left_behind() -> None:
    before = set(multiprocessing.active_children())
    with worker_pool(2, "local:"):
        assert len(set(multiprocessing.active_children()) - before) == 2
    assert set(multiprocessing.active_children()) <= before


def test_death_of_a_worker_is_told() -> None:
    before = set(multiprocessing.active_children())
    with worker_pool(1, "local:") as pool:
        (process,) = set(multiprocessing.active_children()) - before
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with pytest.raises(ProcessDied, match="worker 1"):
            pool.compute([PROBLEM])
