"""What adapters share: request ids, readiness, the stopwatch, the guard."""

from __future__ import annotations

import pytest

from lossgrad.errors import Internal, InvalidArgument, TooLarge
from lossgrad_service.calls import Readiness, Stopwatch, accept_request_id, guarded


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
    readiness.set_ready()
    now[0] = 12.5
    assert (readiness.is_ready, readiness.uptime) == (True, 2.5)
    readiness.set_draining()
    assert (readiness.state, readiness.is_ready, readiness.uptime) == ("draining", False, 2.5)


def test_stopwatch_keeps_stages_in_order():
    watch = Stopwatch()
    with watch.stage("decode"), watch.stage("inner"):
        pass
    assert list(watch.timing) == ["inner", "decode"]
    assert 0 <= watch.timing["inner"] <= watch.timing["decode"]


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
