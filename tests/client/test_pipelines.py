"""The pipeline itself, for threads and for tasks, with calls that the tests hold in their hands."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from concurrent.futures import Future
from functools import partial
from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad import Cancelled, InvalidArgument
from lossgrad.pipelines import Batch, read_depth, tasks, threads
from lossgrad.transports.pool import DaemonPool

PATIENCE_SECONDS = 20


class Calls:
    """Begins calls that are done as they begin, and keeps an account of them."""

    def __init__(self, fails_at=None):
        self.read = 0
        self.fails_at = fails_at

    def batches(self, ends_at):
        for number in count():
            if number == ends_at:
                raise LookupError(number)
            self.read += 1
            yield number

    def begin(self, number, _pause=None):
        future = Future()
        if number == self.fails_at:
            future.set_exception(ArithmeticError(number))
        else:
            future.set_result(number)
        return future

    def begin_task(self, number):
        async def call():
            return self.begin(number).result()

        return asyncio.create_task(call())


def through_threads(calls, ends_at, depth):
    yield from threads.pipelined(calls.batches(ends_at), calls.begin, depth)


def through_tasks(calls, ends_at, depth):
    pipeline = tasks.pipelined(calls.batches(ends_at), calls.begin_task, depth)
    yield from stepwise(pipeline)


def through_tasks_from_an_async_iterable(calls, ends_at, depth):
    async def batches():
        for batch in calls.batches(ends_at):
            yield batch

    yield from stepwise(tasks.pipelined(batches(), calls.begin_task, depth))


def stepwise(pipeline):
    """Iterate over an async generator from outside of its loop."""
    with asyncio.Runner() as runner:
        try:
            while (result := runner.run(following(pipeline))) is not None:
                yield result
        finally:
            runner.run(pipeline.aclose())


async def following(pipeline):
    return await anext(pipeline, None)


WAYS = pytest.mark.parametrize(
    "way", [through_threads, through_tasks, through_tasks_from_an_async_iterable]
)


@WAYS
@given(length=st.integers(0, 12), depth=st.integers(1, 5))
def test_results_come_in_order_and_batches_are_read_no_sooner_than_needed(way, length, depth):
    calls = Calls()
    for place, result in enumerate(islice(way(calls, None, depth), length)):
        assert result == place
        assert calls.read == place + depth


@WAYS
@given(fails_at=st.integers(0, 8), depth=st.integers(1, 5))
def test_an_error_is_raised_in_its_place(way, fails_at, depth):
    calls = Calls(fails_at)
    results = way(calls, None, depth)
    assert list(islice(results, fails_at)) == list(range(fails_at))
    with pytest.raises(ArithmeticError, match=str(fails_at)):
        next(results)
    assert next(results, None) is None
    assert calls.read == fails_at + depth


@WAYS
@given(ends_at=st.integers(0, 8), depth=st.integers(1, 5))
def test_so_is_an_error_of_the_batches(way, ends_at, depth):
    results = way(Calls(), ends_at, depth)
    assert list(islice(results, ends_at)) == list(range(ends_at))
    with pytest.raises(LookupError, match=str(ends_at)):
        next(results)
    assert next(results, None) is None


def test_a_batch_that_cannot_begin():
    def begin(number, _pause):
        return Calls().begin(number) if number else 1 / 0

    assert list(threads.pipelined([2, 1], begin, 2)) == [2, 1]
    results = threads.pipelined([2, 0], begin, 2)
    assert next(results) == 2
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_nothing_begins_before_the_first_result_is_asked_for():
    calls = Calls()
    threads.pipelined(calls.batches(None), calls.begin, 3)
    assert calls.read == 0


@pytest.mark.parametrize("end", [lambda results: results.close(), lambda _: None])
def test_an_iterator_that_ends_cancels_what_has_not_begun_and_waits_for_the_rest(end):
    done, running, waiting = Future(), Future(), Future()
    done.set_result(1)
    running.set_running_or_notify_cancel()
    pauses = []

    def begin(future, pause):
        pauses.append(pause)
        return future

    results = threads.pipelined([done, running, waiting], begin, 3)
    assert next(results) == 1
    answer = threading.Thread(target=lambda: (cancelled(waiting), running.set_result(2)))
    answer.start()
    end(results)
    del results
    assert running.done()
    answer.join(PATIENCE_SECONDS)
    with pytest.raises(Cancelled):
        pauses[1](PATIENCE_SECONDS)


def cancelled(future):
    """Wait until a future is cancelled."""
    told = threading.Event()
    future.add_done_callback(lambda _: told.set())
    assert told.wait(PATIENCE_SECONDS)
    assert future.cancelled()


def test_a_pause_of_a_call_that_is_waited_for():
    def begin(pause_seconds, pause):
        pause(pause_seconds)
        return Calls().begin(pause_seconds)

    assert list(threads.pipelined([0], begin, 2)) == [0]


@pytest.mark.parametrize("end", ["aclose", "cancel"])
def test_an_async_iterator_that_ends_cancels_all(end):
    async def run():
        begun = []

        def begin(number):
            work = asyncio.sleep(0, 1) if number == 0 else asyncio.Event().wait()
            begun.append(asyncio.create_task(work))
            return begun[-1]

        results = tasks.pipelined(range(9), begin, 3)
        assert await anext(results) == 1
        if end == "aclose":
            await results.aclose()
            assert len(begun) == 3
        else:
            waiting = asyncio.create_task(anext(results))
            while len(begun) < 4:
                await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert all(task.cancelled() for task in begun[1:])

    asyncio.run(run())


def test_threads_are_made_when_no_other_is_free_and_no_more_than_allowed():
    pool, released, names = DaemonPool(2), threading.Event(), set()

    def work():
        names.add(threading.current_thread())
        released.wait(PATIENCE_SECONDS)

    for _ in range(3):
        pool.submit(lambda: names.add(threading.current_thread())).result(PATIENCE_SECONDS)
    futures = [pool.submit(work) for _ in range(4)]
    assert futures[3].cancel()
    released.set()
    for future in futures[:3]:
        future.result(PATIENCE_SECONDS)
    assert len(names) <= 2
    assert all(thread.daemon for thread in names)
    pool.close()
    join(names)


def test_a_pool_that_is_dropped_lets_go_of_its_threads():
    pool = DaemonPool(4)
    thread = pool.submit(threading.current_thread).result(PATIENCE_SECONDS)
    del pool
    gc.collect()
    join([thread])


def test_a_closed_pool_does_what_was_submitted_and_takes_no_more():
    pool, released = DaemonPool(1), threading.Event()
    futures = [pool.submit(lambda: released.wait(PATIENCE_SECONDS)) for _ in range(3)]
    pool.close()
    with pytest.raises(InvalidArgument, match="client: is closed"):
        pool.submit(int)
    released.set()
    assert [future.result(PATIENCE_SECONDS) for future in futures] == [True] * 3


def test_a_cancelled_pool_ends_what_has_begun_only():
    pool, begun, released = DaemonPool(1), threading.Event(), threading.Event()
    first = pool.submit(lambda: begun.set() or released.wait(PATIENCE_SECONDS))
    waiting = [pool.submit(int) for _ in range(3)]
    assert begun.wait(PATIENCE_SECONDS)
    pool.cancel()
    assert all(future.cancelled() for future in waiting)
    with pytest.raises(InvalidArgument, match="client: is closed"):
        pool.submit(int)
    released.set()
    assert first.result(PATIENCE_SECONDS)


def test_what_work_raises_is_the_futures():
    future = DaemonPool(1).submit(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        future.result(PATIENCE_SECONDS)


def test_arrays_are_let_go_of_as_soon_as_a_call_is_done():
    class Array:
        pass

    def call(array):
        return type(array)

    pool, array = DaemonPool(1), Array()
    gone = threading.Event()
    weakref.finalize(array, gone.set)
    assert pool.submit(partial(call, array)).result(PATIENCE_SECONDS) is Array
    del array
    assert gone.wait(PATIENCE_SECONDS)


def join(workers):
    for thread in workers:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


@pytest.mark.parametrize("depth", [0, -1, 65, 2.0, True, None, "3", [1]])
def test_bad_depths(depth):
    with pytest.raises(InvalidArgument, match="depth: must be an integer from 1 to 64, got"):
        read_depth(depth)


def test_a_batch_has_its_own_timeout_or_that_of_all():
    assert Batch.of({"labels": [0]}, 5) == Batch({"labels": [0]}, None, 5)
    assert Batch.of({"timeout": 3, "out": {}}, 5) == Batch({}, {}, 3)
