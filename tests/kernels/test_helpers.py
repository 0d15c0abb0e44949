"""Helpers stay off the core of who asks them, and everybody else stays where they may be."""

from __future__ import annotations

import os
from threading import Barrier, get_native_id

import pytest

from lossgrad_service.cores import available_cores
from lossgrad_service.kernels import helpers, parallel
from lossgrad_service.kernels.parallel import in_parallel
from tests.kernels.processes import in_fresh_process
from tests.running import PATIENCE_SECONDS

pytestmark = [
    pytest.mark.usefixtures("two_helpers"),
    pytest.mark.skipif(
        helpers._core is None or available_cores() < 2, reason="there is one core, or no telling"
    ),
]


def cores_of_workers(count=3):
    """Return by thread which cores those may use that work at the same time."""
    meeting = Barrier(count)

    def work(_):
        meeting.wait(PATIENCE_SECONDS)
        return get_native_id(), os.sched_getaffinity(0)

    return dict(in_parallel(work, range(count), count))


def others_than(core):
    return os.sched_getaffinity(0) - {core}


def test_helpers_leave_the_core_of_who_asks(monkeypatch):
    mine = os.sched_getaffinity(0)
    cores_of_workers()  # begins both
    for core in sorted(mine):
        monkeypatch.setattr(helpers, "_core", lambda core=core: core)
        cores = cores_of_workers()
        assert cores.pop(get_native_id()) == mine
        assert list(cores.values()) == [others_than(core)] * 2


def test_nobody_is_told_again_while_the_caller_stays(monkeypatch):
    cores_of_workers()
    monkeypatch.setattr(helpers, "_core", lambda: min(os.sched_getaffinity(0)))
    cores_of_workers()
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: pytest.fail("was told again"))
    cores_of_workers()


def test_helpers_of_a_caller_with_one_core_are_left_where_they_are(monkeypatch):
    cores_of_workers()
    parallel._helpers()._avoided = None
    monkeypatch.setattr(helpers, "_core", lambda: 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: pytest.fail("was told"))
    parallel._helpers().leave_this_core()


def test_helpers_that_ask_stay_where_they_are(monkeypatch):
    cores_of_workers()
    told = []
    monkeypatch.setattr(os, "sched_setaffinity", lambda *told_: told.append(told_))
    pool = parallel._helpers()
    pool._avoided = None
    pool.ask(pool.leave_this_core).result(PATIENCE_SECONDS)
    assert not told


@pytest.mark.parametrize("error", [PermissionError, ProcessLookupError])
def test_a_sandbox_may_forbid_it(error, monkeypatch):
    def refuse(*_):
        raise error

    cores_of_workers()
    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    parallel._helpers()._avoided = None
    assert len(cores_of_workers()) == 3


def test_a_forked_child_moves_nobody_of_its_parent():
    printed = in_fresh_process("""
        import os
        from threading import Barrier
        from lossgrad_service.kernels import parallel
        meeting = Barrier(2)
        parallel.in_parallel(lambda _: meeting.wait(30), range(2), 2)
        assert parallel._helpers()._threads
        child = os.fork()
        if child == 0:
            os._exit(len(parallel._helpers()._threads))
        print(os.waitpid(child, 0)[1])
    """)
    assert printed == "0\n"


def test_many_cores_are_left_to_the_system(monkeypatch):
    monkeypatch.setattr(helpers, "available_cores", lambda: helpers.FEW_CORES + 1)
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: pytest.fail("was told"))
    parallel._helpers()._pool.shutdown()
    parallel._helpers.cache_clear()
    cores_of_workers()
