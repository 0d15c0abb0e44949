"""`compute_future` and `map` of both clients, over every transport."""

from __future__ import annotations

import asyncio
import pickle
import threading
from itertools import chain, count, islice

import numpy as np
import pytest

import lossgrad
from lossgrad import errors
from lossgrad.pipelines import threads
from tests.client.servers import GrpcServer, HttpServer, Script, Stuck, double
from tests.client.test_processes import run

PATIENCE_SECONDS = 20

LABELS = [0, 1, 1]


def batch(number, **others):
    return {"scores": np.full((3, 2), number, np.float32), "labels": LABELS, **others}


def map_blocking(target, batches, **options):
    with lossgrad.Client(target, timeout=PATIENCE_SECONDS) as client:
        yield from client.map(batches, **options)


def map_awaiting(target, batches, **options):
    async def collect():
        async with lossgrad.AsyncClient(target, timeout=PATIENCE_SECONDS) as client:
            async for result in client.map(batches, **options):
                found.append(result)  # noqa: PERF401 - an error leaves what came before

    found = []
    try:
        asyncio.run(collect())
    finally:
        yield from found


@pytest.fixture(params=[map_blocking, map_awaiting], ids=["blocking", "awaiting"])
def mapped(request):
    return request.param


@pytest.fixture(params=["gRPC", "Unix", "HTTP", "local"])
def target(request, addresses):
    return addresses.get(request.param, "local:")


@pytest.fixture(params=[GrpcServer, HttpServer], ids=["grpc", "http"])
def server_kind(request):
    return request.param


@pytest.mark.parametrize("depth", [1, 3, 64])
def test_results_are_those_of_compute_in_order(target, mapped, depth):
    batches = [batch(number, reduction="sum", z_loss=0.5) for number in range(7)]
    with lossgrad.Client(target) as client:
        expected = [client.compute(**arguments) for arguments in batches]
    for result, alone in zip(mapped(target, batches, depth=depth), expected, strict=True):
        assert result.loss == alone.loss
        assert np.array_equal(result.dscores, alone.dscores)


def test_out_is_each_batchs_own(target, mapped):
    own = [np.zeros((3, 2), np.float32) for _ in range(5)]
    batches = (batch(number, out={"dscores": array}) for number, array in enumerate(own))
    for result, array in zip(mapped(target, batches), own, strict=True):
        assert result.dscores is array
        assert array.any()


def test_an_error_is_raised_in_its_place(target, mapped):
    batches = [batch(0), batch(1), {"scores": [[0.0]]}, batch(3)]
    results = mapped(target, batches)
    assert [next(results).n_rows for _ in range(2)] == [3, 3]
    with pytest.raises(errors.InvalidArgument, match="labels: missing"):
        next(results)


@pytest.mark.parametrize("wrong", [3, [1], "scores", None])
def test_a_batch_that_is_no_dict(mapped, wrong):
    with pytest.raises(errors.InvalidArgument, match="batches: must hold dicts of compute's arg"):
        next(mapped("local:", [wrong]))


@pytest.mark.parametrize("kind", [lossgrad.Client, lossgrad.AsyncClient])
def test_what_means_nothing_is_told_at_once(kind):
    client = kind("localhost:1")
    with pytest.raises(errors.InvalidArgument, match="batches: must be an iterable of dicts"):
        client.map(3)
    with pytest.raises(errors.InvalidArgument, match="depth: must be an integer from 1 to 64"):
        client.map([], depth=0)


def test_endless_batches(server_kind):
    read = []
    batches = (batch(number) for number in count() if not read.append(number))
    with server_kind(Script()) as server, lossgrad.Client(server.target) as client:
        results = client.map(batches, depth=4)
        for number, result in enumerate(islice(results, 20)):
            assert result.dscores[0, 0] == 2 * number
            assert len(read) == number + 4
        results.close()


def test_endless_batches_in_a_loop(server_kind):
    async def collect(target):
        async with lossgrad.AsyncClient(target) as client:
            results = client.map((batch(number) for number in count()), depth=4)
            for number in range(20):
                assert (await anext(results)).dscores[0, 0] == 2 * number
            await results.aclose()

    with server_kind(Script()) as server:
        asyncio.run(collect(server.target))


def one_by_one(*entries):
    """Yield a batch for each entry of a script, the next once that one has its call."""
    for number, entry in enumerate(entries):
        yield batch(number)
        assert entry.arrived.wait(PATIENCE_SECONDS)


def test_calls_are_under_way_while_a_result_is_used(server_kind):
    stuck = [Stuck() for _ in range(4)]
    with server_kind(Script(*stuck)) as server, lossgrad.Client(server.target) as client:
        results = client.map(one_by_one(*stuck), depth=3)
        stuck[0].released.set()
        next(results)
        assert stuck[1].arrived.is_set()
        assert stuck[2].arrived.wait(PATIENCE_SECONDS)
        assert not stuck[3].arrived.is_set()
        for each in stuck:
            each.released.set()
        assert [result.loss for result in results] == [1.5] * 3


def test_closing_an_iterator_waits_for_calls_under_way(server_kind):
    first, stuck = Stuck(), Stuck()
    array = np.zeros((3, 2), np.float32)

    def batches():
        yield batch(0)
        assert first.arrived.wait(PATIENCE_SECONDS)
        first.released.set()
        yield batch(1, out={"dscores": array})

    with server_kind(Script(first, stuck)) as server, lossgrad.Client(server.target) as client:
        results = client.map(batches(), depth=2)
        next(results)
        assert stuck.arrived.wait(PATIENCE_SECONDS)
        release = threading.Timer(0, stuck.released.set)
        release.start()
        results.close()
        assert array.all()
        release.join()


def test_a_call_that_nobody_waits_for_is_not_tried_again(monkeypatch):
    monkeypatch.setattr("lossgrad.retry.BASE_PAUSE", 1e7)
    monkeypatch.setattr("lossgrad.retry.LONGEST_PAUSE", 1e7)
    first, is_pausing = Stuck(), threading.Event()
    first.released.set()
    script = Script(first, errors.Unavailable("draining"))
    with GrpcServer(script) as server, lossgrad.Client(server.target, timeout=1e8) as client:
        monkeypatch.setattr(threads, "_pause", telling(threads._pause, is_pausing))
        results = client.map(chain(one_by_one(first), [batch(1)]), depth=2)
        next(results)
        assert is_pausing.wait(PATIENCE_SECONDS)
        results.close()
    assert script.calls == 2


def telling(pause, is_pausing):
    def pause_and_tell(ended, seconds):
        is_pausing.set()
        pause(ended, seconds)

    return pause_and_tell


def test_timeout_of_each_call(server_kind, mapped):
    stuck = Stuck()
    with server_kind(Script(stuck)) as server:
        with pytest.raises(errors.DeadlineExceeded, match=r"no answer within 0\.2 s"):
            list(mapped(server.target, [batch(0)], timeout=0.2))
        with pytest.raises(errors.DeadlineExceeded, match=r"no answer within 0\.1 s"):
            list(mapped(server.target, [batch(0, timeout=0.1)], timeout=30))
        stuck.released.set()


def test_closing_the_client_ends_its_iterators(server_kind):
    with server_kind(Script()) as server:
        client = lossgrad.Client(server.target)
        results = client.map(batch(number) for number in count())
        next(results)
        client.close()
        with pytest.raises(errors.InvalidArgument, match="client: is closed; make a new one"):
            list(results)


def test_after_close():
    client = lossgrad.Client("local:")
    client.close()
    future = client.compute_future(**batch(0))
    assert future.done()
    with pytest.raises(errors.InvalidArgument, match="client: is closed; make a new one"):
        future.result()
    with pytest.raises(errors.InvalidArgument, match="client: is closed; make a new one"):
        next(client.map([batch(0)]))


def test_a_future_has_what_compute_returns(target):
    out = np.zeros((3, 2), np.float32)
    with lossgrad.Client(target) as client:
        future = client.compute_future(**batch(1), out={"dscores": out})
        assert future.result(PATIENCE_SECONDS).dscores is out
        assert np.array_equal(out, client.compute(**batch(1)).dscores)


def test_a_task_has_what_compute_returns(target):
    async def run():
        async with lossgrad.AsyncClient(target) as client:
            task = client.compute_future(**batch(1))
            return (await task).dscores, (await client.compute(**batch(1))).dscores

    assert np.array_equal(*asyncio.run(run()))


def test_a_future_has_what_compute_raises():
    with lossgrad.Client("localhost:1") as client:
        future = client.compute_future(scores=[[1.0]], labels=[3], timeout=0.1)
        with pytest.raises(errors.InvalidArgument, match="labels: must be in"):
            future.result(PATIENCE_SECONDS)
        future = client.compute_future(**batch(0), timeout=-1)
        with pytest.raises(errors.InvalidArgument, match="timeout: must be"):
            future.result(PATIENCE_SECONDS)


def test_a_future_that_has_not_begun_can_be_cancelled(monkeypatch):
    monkeypatch.setattr("lossgrad.client.DEEPEST", 1)
    stuck = Stuck()
    script = Script(stuck, double)
    with GrpcServer(script) as server, lossgrad.Client(server.target) as client:
        begun, waiting = (client.compute_future(**batch(0)) for _ in range(2))
        assert stuck.arrived.wait(PATIENCE_SECONDS)
        assert waiting.cancel()
        assert not begun.cancel()
        stuck.released.set()
        assert begun.result(PATIENCE_SECONDS).loss == 1.5
    assert script.calls == 1


def test_a_client_that_has_threads_pickles():
    with lossgrad.Client("local:") as client:
        loss = client.compute_future(**batch(0)).result(PATIENCE_SECONDS).loss
        with pickle.loads(pickle.dumps(client)) as copy:
            assert copy.compute_future(**batch(0)).result(PATIENCE_SECONDS).loss == loss


PIPELINE = """
    client = lossgrad.Client(sys.argv[1], timeout=20)
    def batches():
        for number in range(100):
            yield {"scores": [[number, 2.0]], "labels": [0]}
    results = client.map(batches(), depth=3)
    assert next(results).loss == 1.5
"""

FORK = """
    child = os.fork()
    if child == 0:
        try:
            next(results)
        except lossgrad.InvalidArgument as error:
            assert str(error) == "batches: map ends with a fork; call map again in the child"
        assert next(client.map(batches())).loss == 1.5
        assert client.compute_future(**next(batches())).result().loss == 1.5
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert next(results).loss == 1.5
"""


def test_fork(server_kind):
    with server_kind(Script()) as server:
        done = run(server.target, PIPELINE, FORK)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class Unanswered:
    """An entry that answers its first call, and holds the others until the test has ended."""

    def __init__(self):
        self.ended = threading.Event()
        self.is_late = False

    def __call__(self, problem):
        if problem.scores[0, 0] > 0:
            self.is_late |= not self.ended.wait(60)
        return double(problem)


ENDS = ["", "sys.exit(0)", "keep = [results]; keep.append(keep)", "raise SystemExit"]


@pytest.mark.parametrize("end", ENDS)
def test_a_program_ends_whatever_is_under_way(server_kind, end):
    unanswered = Unanswered()
    with server_kind(Script(unanswered)) as server:
        done = run(server.target, PIPELINE, end)
        unanswered.ended.set()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not unanswered.is_late
