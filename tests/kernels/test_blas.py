from __future__ import annotations

from textwrap import dedent
from threading import Barrier, Event, Thread

import pytest

from lossgrad_service.kernels.matrices.blas import SharedHold
from tests.kernels.processes import in_fresh_process


class Counted:
    """Something to hold that counts how often it was taken and released."""

    def __init__(self):
        self.taken = self.released = 0

    def take(self):
        self.taken += 1
        return self.release

    def release(self):
        self.released += 1


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
    printed = in_fresh_process("""
        import numpy
        from lossgrad_service.kernels.matrices.blas import one_thread
        from threadpoolctl import ThreadpoolController, threadpool_info

        def threads():
            return {e["num_threads"] for e in threadpool_info() if e["user_api"] == "blas"}

        with ThreadpoolController().limit(limits=2, user_api="blas"):
            print(threads())
            with one_thread():
                print(threads())
            print(threads())
    """)
    assert printed.splitlines() == ["{2}", "{1}", "{2}"]


def test_bits_are_the_same_from_a_thread_that_did_not_set_blas_first():
    """threadpoolctl heeds the first thread that sets OpenBLAS, and no other while it lives."""
    printed = in_fresh_process("""
        from hashlib import sha256
        from threading import Thread
        import numpy as np
        from lossgrad.types import Problem
        from lossgrad_service.core import compute

        rng = np.random.default_rng(0)
        problem = Problem.of({
            "h1": rng.normal(size=(512, 2000)), "w2": rng.normal(size=(2000, 1000)),
            "labels": rng.integers(1000, size=512), "want": ["row_losses", "dw2"],
        })

        def show():
            result = compute(problem)
            print(sha256(result.row_losses.tobytes() + result.dw2.tobytes()).hexdigest())

        show()
        thread = Thread(target=show)
        thread.start()
        thread.join()
    """)
    first, second = printed.split()
    assert first == second


FORKING = """
import os
from threading import Event, Thread
import numpy
from lossgrad_service.kernels.matrices.blas import one_thread
from threadpoolctl import ThreadpoolController, threadpool_info

def threads():
    (number,) = {e["num_threads"] for e in threadpool_info() if e["user_api"] == "blas"}
    return number

def is_done(child):
    _, status = os.waitpid(child, 0)
    return status == 0
"""


def in_fresh_process_that_forks(code: str) -> list[str]:
    """Run code with BLAS at two threads and return the words that it prints."""
    indented = dedent(code).strip().replace("\n", "\n    ")
    limited = f"with ThreadpoolController().limit(limits=2, user_api='blas'):\n    {indented}\n"
    return in_fresh_process(FORKING + limited).split()


def test_a_forked_child_does_not_hold_for_a_thread_that_it_does_not_have():
    printed = in_fresh_process_that_forks("""
        inside, may_leave = Event(), Event()

        def stay():
            with one_thread():
                inside.set()
                may_leave.wait()

        thread = Thread(target=stay)
        thread.start()
        inside.wait()
        child = os.fork()
        if child == 0:
            before = threads()
            with one_thread():
                held = threads()
            os._exit((before, held, threads()) != (2, 1, 2))
        print(is_done(child), threads())
        may_leave.set()
        thread.join()
        print(threads())
    """)
    assert printed == ["True", "1", "2"]


def test_a_child_forked_inside_holds_until_it_leaves():
    printed = in_fresh_process_that_forks("""
        with one_thread():
            child = os.fork()
            inside = threads()
        outside = threads()
        with one_thread():
            again = threads()
        is_right = (inside, outside, again, threads()) == (1, 2, 1, 2)
        if child == 0:
            os._exit(not is_right)
        print(is_right, is_done(child))
    """)
    assert printed == ["True", "True"]


def test_leaving_for_a_thread_that_a_fork_left_behind_does_nothing():
    printed = in_fresh_process_that_forks("""
        block = one_thread()
        thread = Thread(target=block.__enter__)
        thread.start()
        thread.join()
        child = os.fork()
        if child == 0:
            with one_thread():
                block.__exit__(None, None, None)
                held = threads()
            os._exit((held, threads()) != (1, 2))
        block.__exit__(None, None, None)
        print(is_done(child), threads())
    """)
    assert printed == ["True", "2"]


def test_a_fork_waits_for_a_hold_that_is_being_taken():
    """The child would have BLAS at one thread and nothing to undo it."""
    printed = in_fresh_process_that_forks("""
        from lossgrad_service.kernels.matrices import blas

        taking, may_take = Event(), Event()

        def slowly():
            release = blas._limit()
            taking.set()
            may_take.wait()
            return release

        one_thread._take = slowly
        os.register_at_fork(before=may_take.set)  # runs before those registered earlier
        thread = Thread(target=one_thread().__enter__)
        thread.start()
        taking.wait()
        child = os.fork()
        if child == 0:
            before = threads()
            with one_thread():
                held = threads()
            os._exit((before, held) != (2, 1))
        print(is_done(child))
    """)
    assert printed == ["True"]
