"""What adapters share: where calls run, request ids, readiness, the stopwatch, the guard."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import get_ident

import numpy as np
import pytest

from lossgrad.errors import Internal, InvalidArgument, TooLarge
from lossgrad.types import Limits, Problem
from lossgrad_service.access.open_door import OpenDoor
from lossgrad_service.access.quotas import Quotas
from lossgrad_service.admission import Budget, Gate, Room, Slots
from lossgrad_service.calls import (
    Call,
    Deadline,
    Dispatcher,
    Method,
    Observer,
    Readiness,
    Service,
    Stopwatch,
    accept_request_id,
    guarded,
    is_quick,
)
from lossgrad_service.calls.call_log import CallLog
from lossgrad_service.metrics import Meter, Place

SERVICE = Service(
    limits=Limits(**dict.fromkeys(Limits.__dataclass_fields__, 2**40)),
    describe=lambda: pytest.fail("nobody asked"),
)

PROBLEM = Problem.of({"scores": [[1.0, 2.0]], "labels": [0]})


def observer(readiness):
    return Observer(Meter(Place.alone().row), CallLog(), readiness)


def visit():
    return Gate(OpenDoor(), Quotas(), Room(Budget(2**20))).enter(None, "here")


@pytest.mark.parametrize("sent", ["a", "x" * 128, "!~0-_/"])
def test_visible_ascii_is_accepted(sent):
    assert accept_request_id(sent) == sent


@pytest.mark.parametrize("sent", [None, "", "a b", "a\n", "\x1b[2J", "é", "x" * 129])
def test_other_ids_are_replaced_by_new_ones(sent):
    made = {accept_request_id(sent) for _ in range(2)}
    assert len(made) == 2
    assert sent not in made


def test_readiness():
    now = [10.0]
    readiness = Readiness(lambda: now[0])
    assert (readiness.state, readiness.is_ready, readiness.uptime) == ("starting", False, 0)
    assert not readiness.is_warm
    readiness.set_ready()
    now[0] = 12.5
    assert (readiness.is_ready, readiness.is_warm, readiness.uptime) == (True, True, 2.5)
    readiness.set_draining()
    assert (readiness.state, readiness.is_ready, readiness.uptime) == ("draining", False, 2.5)


def test_stopwatch_keeps_stages_in_order():
    watch = Stopwatch()
    with watch.stage("decode"), watch.stage("inner"):
        pass
    assert list(watch.timing) == ["inner", "decode"]
    assert 0 <= watch.timing["inner"] <= watch.timing["decode"]


def test_stage_of_several_parts_adds_up():
    watch = Stopwatch()
    with watch.stage("compute"):
        pass
    first = watch.timing["compute"]
    for _ in range(100):
        with watch.stage("compute"):
            pass
    assert watch.timing["compute"] > first


@pytest.mark.parametrize(
    ("size", "quick", "warm", "decoded_by", "computed_by"),
    [
        (3, True, True, "loop", "loop"),
        (3, False, True, "loop", "thread"),
        (4, True, True, "loop", "thread"),
        (5, True, True, "thread", "thread"),
        (5, False, True, "thread", "thread"),
        (3, True, False, "thread", "thread"),
    ],
)
def test_calls_are_run_where_they_are_quickest(size, quick, warm, decoded_by, computed_by):
    found = []

    def step(value):
        found.append("loop" if get_ident() == loop else "thread")
        return value

    method = Method(
        decode=step,
        compute=lambda _service, request, _deadline: step(request),
        encode=lambda reply: step(reply.upper()),
        problem_of=lambda _: PROBLEM,
        answer_bytes=lambda _service, request: len(request),
        is_small=lambda message: len(message) <= 4,
        is_quick=lambda _: quick,
        small_answer=3,
    )
    readiness = Readiness()
    if warm:
        readiness.set_ready()
    call, loop = Call("id", Deadline()), get_ident()
    with ThreadPoolExecutor(1) as threads:
        dispatcher = Dispatcher(SERVICE, readiness, observer(readiness), threads, threads, Slots(1))
        answer = asyncio.run(dispatcher.answer(method, call, visit(), b"x" * size))
    assert answer == b"X" * size
    assert found == [decoded_by, computed_by, computed_by]
    stages = [stage for stage in call.phases if stage != "wait"]
    assert stages == ["decode", "compute", "encode"]
    assert ("wait" in call.phases) == ("thread" in found)
    assert (call.rows, call.cells, call.dtype) == (1, 2, "float64")


@pytest.mark.parametrize("failing", ["decode", "compute", "encode", "answer_bytes"])
@pytest.mark.parametrize("quick", [True, False])
def test_bug_in_any_step_is_internal(failing, quick, caplog):
    steps = {
        "decode": lambda message: message,
        "compute": lambda _service, request, _deadline: request,
        "encode": lambda reply: reply,
        "problem_of": lambda _: PROBLEM,
        "answer_bytes": lambda _service, request: len(request),
    }
    steps[failing] = lambda *_: 1 / 0
    method = Method(**steps, is_small=lambda _: True, is_quick=lambda _: quick, small_answer=4)
    readiness = Readiness()
    readiness.set_ready()
    with ThreadPoolExecutor(1) as threads:
        dispatcher = Dispatcher(SERVICE, readiness, observer(readiness), threads, threads, Slots(1))
        answering = dispatcher.answer(method, Call("id-1", Deadline()), visit(), b"")
        with pytest.raises(Internal, match="id-1"):
            asyncio.run(answering)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("shapes", "options", "quick"),
    [
        ({"scores": (128, 10), "h1": (128, 100), "w2": (100, 10)}, {}, True),
        ({"scores": (256, 1000)}, {}, True),
        ({"scores": (256, 1000)}, {"softcap": 30.0}, False),
        ({"scores": (1024, 1000)}, {}, False),
        ({"scores": (2**13, 1)}, {}, False),
        ({"h1": (4096, 1), "w2": (1, 4096)}, {}, False),
        ({"h1": (0, 4096), "w2": (4096, 4096)}, {}, False),
        ({"scores": (1, 2), "x": (1, 2048), "w1": (2048, 2048)}, {}, False),
    ],
)
def test_quick_is_what_takes_about_a_millisecond(shapes, options, quick):
    arrays = {name: np.broadcast_to(np.float32(1), shape) for name, shape in shapes.items()}
    rows = next(iter(shapes.values()))[0]
    problem = Problem.of({**arrays, "labels": np.zeros(rows, np.int64), **options})
    assert is_quick(problem) == quick


def test_quick_depends_on_what_an_entry_costs():
    targets = np.full((64, 128), 1 / 128)
    assert is_quick(Problem.of({"scores": np.float32(targets), "targets": targets}))
    assert not is_quick(Problem.of({"scores": targets, "targets": targets}))


def test_guard_lets_our_errors_through(caplog):
    error = InvalidArgument.at("labels", "wrong")

    def refuse():
        raise error

    with pytest.raises(InvalidArgument) as caught:
        guarded("id", refuse)
    assert caught.value is error
    assert not caplog.records


def test_guard_keeps_the_cause_for_the_log(caplog):
    with pytest.raises(Internal, match="id-1") as caught:
        guarded("id-1", lambda: 1 / 0)
    assert caught.value.request_id == "id-1"
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert "ZeroDivisionError" in caplog.text


def test_guard_tells_what_to_do_when_memory_runs_out(caplog):
    def too_much():
        raise MemoryError("Unable to allocate 8 TiB")

    with pytest.raises(TooLarge, match="fewer rows") as caught:
        guarded("id-1", too_much)
    assert caught.value.limit == "memory"
    assert "request id-1 needed more memory" in caplog.text
