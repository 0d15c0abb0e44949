from __future__ import annotations

from threading import Barrier, Event, Thread

import numpy as np
import pytest
from lossgrad.types import Problem
from lossgrad_service.core import compute
from lossgrad_service.kernels.blas import SharedHold, one_thread
from threadpoolctl import ThreadpoolController, threadpool_info


class Counted:
    """Something to hold that counts how often it was taken and released."""

    def __init__(self):
        self.taken = self.released = 0

    def take(self):
        self.taken += 1
        return self.release

    def release(self):
        self.released += 1


def blas_threads():
    return [entry["num_threads"] for entry in threadpool_info() if entry["user_api"] == "blas"]


def test_nested_holds_are_taken_and_released_once():
    counted = Counted()
    hold = SharedHold(counted.take)
    with hold():
        with hold():
            assert (counted.taken, counted.released) == (1, 0)
        assert counted.released == 0
    assert (counted.taken, counted.released) == (1, 1)


def test_the_last_thread_that_leaves_releases():
    counted = Counted()
    hold = SharedHold(counted.take)
    inside, may_leave = Barrier(2, timeout=10), Event()

    def stay():
        with hold():
            inside.wait()
            assert may_leave.wait(10)

    thread = Thread(target=stay)
    with hold():
        thread.start()
        inside.wait()
    assert counted.released == 0
    may_leave.set()
    thread.join()
    assert (counted.taken, counted.released) == (1, 1)


def test_an_error_inside_releases():
    counted = Counted()
    hold = SharedHold(counted.take)
    with pytest.raises(KeyError), hold():
        raise KeyError
    assert counted.released == 1


def test_blas_has_one_thread_inside_and_what_it_had_outside():
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        before = blas_threads()
        with one_thread():
            assert set(blas_threads()) <= {1}
        assert blas_threads() == before


def test_computing_leaves_the_setting_as_it_was():
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        before = blas_threads()
        compute(Problem.of({"h1": np.ones((3, 2)), "w2": np.ones((2, 2)), "labels": [0, 1, 0]}))
        assert blas_threads() == before
