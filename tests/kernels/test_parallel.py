"""Work is done once, comes back in order, and waits for nobody who is busy."""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from contextvars import ContextVar
from threading import Barrier, Event, get_ident
from weakref import ref

import pytest

from lossgrad_service.cores import available_cores
from lossgrad_service.kernels import parallel
from lossgrad_service.kernels.parallel import in_parallel
from tests.admission.gates import until
from tests.kernels.processes import in_fresh_process
from tests.running import PATIENCE_SECONDS

pytestmark = pytest.mark.usefixtures("two_helpers")


@pytest.mark.parametrize("threads", [1, 2, 3, 100])
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_outcomes_come_in_the_order_of_the_items(threads, count):
    assert in_parallel(lambda item: item**2, iter(range(count)), threads) == [
        item**2 for item in range(count)
    ]


def test_order_does_not_depend_on_who_is_done_first():
    second_is_done = Event()

    def work(item):
        if item == 0:
            assert second_is_done.wait(PATIENCE_SECONDS)
        else:
            second_is_done.set()
        return item

    assert in_parallel(work, [0, 1], 2) == [0, 1]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_as_many_threads_as_asked_for(threads):
    """Each waits for all; one more would be in nobody's way but is not there."""
    meeting = Barrier(threads)

    def work(_):
        meeting.wait(PATIENCE_SECONDS)
        return get_ident()

    workers = in_parallel(work, range(threads), threads)
    assert len(set(workers)) == threads
    assert get_ident() in workers


def test_one_thread_is_the_callers():
    assert set(in_parallel(lambda _: get_ident(), range(9), 1)) == {get_ident()}


def test_helpers_that_are_busy_are_not_waited_for():
    busy, done = Barrier(3), Event()

    def occupy():
        busy.wait(PATIENCE_SECONDS)
        done.wait(PATIENCE_SECONDS)

    occupied = [parallel._helpers().ask(occupy) for _ in range(2)]
    busy.wait(PATIENCE_SECONDS)
    assert set(in_parallel(lambda _: get_ident(), range(9), 3)) == {get_ident()}
    assert not any(future.done() for future in occupied)
    done.set()


def test_work_inside_work_does_not_lock_up():
    def outer(item):
        return sum(in_parallel(lambda inner: item * inner, range(10), 3))

    assert in_parallel(outer, range(10), 3) == [45 * item for item in range(10)]


@pytest.mark.parametrize("threads", [1, 3])
def test_exception_is_raised_and_what_was_not_begun_is_not_done(threads):
    begun = []

    def work(item):
        begun.append(item)
        raise ValueError(str(item))

    with pytest.raises(ValueError, match=r"[012]"):
        in_parallel(work, range(100), threads)
    assert len(begun) <= threads


def test_exception_waits_for_what_was_begun():
    """The caller may then free what the others were writing to."""
    other_began, failed, other_ended = Event(), Event(), Event()

    def work(item):
        if get_ident() == caller:
            assert other_began.wait(PATIENCE_SECONDS)
            failed.set()
            raise ValueError(str(item))
        other_began.set()
        assert failed.wait(PATIENCE_SECONDS)
        other_ended.set()

    caller = get_ident()
    with pytest.raises(ValueError, match=r"\d"):
        in_parallel(work, range(2), 2)
    assert other_ended.is_set()


def test_exception_of_a_helper_is_the_callers():
    helper_failed = Event()

    def work(item):
        if get_ident() == caller:
            assert helper_failed.wait(PATIENCE_SECONDS)
            return
        helper_failed.set()
        raise ValueError(str(item))

    caller = get_ident()
    with pytest.raises(ValueError, match=r"\d"):
        in_parallel(work, range(2), 2)


def test_callers_context_is_the_helpers():
    """NumPy's error state is in it."""
    setting = ContextVar("setting", default="the default")
    setting.set("the caller's")
    meeting = Barrier(2)

    def work(_):
        meeting.wait(PATIENCE_SECONDS)
        return setting.get()

    assert in_parallel(work, range(2), 2) == ["the caller's"] * 2


def test_forked_child_has_helpers_of_its_own():
    printed = in_fresh_process("""
        import os
        from threading import Barrier
        from lossgrad_service.kernels import helpers, parallel

        helpers.available_cores = lambda: 2

        def meet():
            meeting = Barrier(2)
            return sorted(parallel.in_parallel(lambda _: meeting.wait(30), range(2), 2))

        together = meet()  # there is a thread now, which no child has
        child = os.fork()
        if child == 0:
            os._exit(meet() != together)
        print(together, os.waitpid(child, 0)[1])
    """)
    assert printed == "[0, 1] 0\n"


def test_cores_that_this_process_may_use():
    assert 1 <= available_cores() <= os.cpu_count()


def test_who_drops_an_error_drops_the_items():
    """Whichever thread raised it, and without the garbage collector, which may come late."""
    both_begun = Barrier(2)

    class Item:
        def fail(self):
            both_begun.wait(PATIENCE_SECONDS)
            if get_ident() != caller:
                raise ValueError

    caller, items = get_ident(), [Item(), Item()]
    kept = [ref(item) for item in items]
    gc.disable()
    try:
        with suppress(ValueError):
            in_parallel(Item.fail, items, 2)
        del items
        until(lambda: [item() for item in kept] == [None, None])
    finally:
        gc.enable()
