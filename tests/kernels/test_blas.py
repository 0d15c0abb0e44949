from __future__ import annotations

import subprocess
import sys
from textwrap import dedent
from threading import Barrier, Event, Thread

import pytest

from lossgrad_service.kernels.blas import SharedHold


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


def in_fresh_process(code: str) -> str:
    """Run code where no server of this test run holds BLAS, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_blas_has_one_thread_inside_and_what_it_had_outside():
    printed = in_fresh_process("""
        import numpy
        from lossgrad_service.kernels.blas import one_thread
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


def test_a_fork_does_not_wait_for_threads_that_it_does_not_have():
    printed = in_fresh_process("""
        import os
        from lossgrad_service.kernels.blas import one_thread

        one_thread._lock.acquire()  # as by a thread that enters at the moment of the fork
        child = os.fork()
        if child == 0:
            with one_thread():
                os._exit(0)
        print(os.waitpid(child, 0)[1])
    """)
    assert printed.strip() == "0"
