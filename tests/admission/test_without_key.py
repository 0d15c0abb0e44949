"""Calls without a key: no load keeps them out, and they keep nobody else out."""

from __future__ import annotations

import threading

import grpc
import pytest

import lossgrad
from lossgrad_service.admission import patience
from lossgrad_service.grpc_api import strangers
from tests.access.files import entry
from tests.admission.gates import HEALTHY, MEBIBYTE, gate, until
from tests.running import PATIENCE_SECONDS, channel_to, running_server

CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
ASK = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"

SERVING = b"\x08\x01"
LIST_SERVICES = b"\x3a\x01*"


@pytest.fixture
def release():
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def hurried(monkeypatch):
    """What does not come with its call is late at once."""
    monkeypatch.setattr(strangers, "AT_ONCE_SECONDS", 0.0)


def silent(release):
    """Send nothing until the event is set."""
    release.wait(PATIENCE_SECONDS)
    yield from ()


def told(release, *messages):
    """Send messages, and nothing more until the event is set."""
    yield from messages
    yield from silent(release)


def code_of(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code()


def test_they_have_a_part_of_their_own():
    at = gate(80)
    first, second, keyed = at.enter_without_key(), at.enter_without_key(), at.enter(None, "a")
    assert first.take(10)
    assert not second.take(1)
    assert keyed.take(40)
    first.leave()
    assert second.take(10)


def test_health_is_told_where_nothing_is_free(gated):
    filled = gated.fill()
    with channel_to(gated.running.grpc) as channel:
        assert channel.unary_unary(CHECK)(b"") == SERVING
        watch = channel.unary_stream(WATCH)(b"")
        assert next(watch) == SERVING
        watch.cancel()
    gated.empty(filled)


@pytest.mark.usefixtures("hurried")
def test_who_is_late_holds_room_and_the_next_is_refused(gated, release, monkeypatch):
    strangers = gated.gate.strangers.budget
    monkeypatch.setattr(patience, "LONGEST_WAIT", PATIENCE_SECONDS)
    with channel_to(gated.running.grpc) as channel, lossgrad.Client(gated.running.grpc) as client:
        call = channel.stream_stream(WATCH)
        late = call(silent(release))
        until(lambda: strangers.taken > 0)
        assert code_of(lambda: next(call(silent(release)))) is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert client.compute(**HEALTHY).n_rows == 1
        late.cancel()
        until(lambda: not strangers.taken)


def test_a_watch_holds_nothing(gated):
    with channel_to(gated.running.grpc) as channel:
        watch = channel.unary_stream(WATCH)(b"")
        assert next(watch) == SERVING
        assert not gated.gate.strangers.budget.taken
        watch.cancel()


def test_a_health_question_is_not_waited_for_for_ever(serve, release):
    gated = serve(idle_seconds=0.1)
    with channel_to(gated.running.grpc) as channel:
        code = code_of(lambda: channel.stream_unary(CHECK)(silent(release)))
    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert not gated.gate.strangers.budget.taken


def test_reflection_holds_room_until_it_is_asked(gated, release):
    with channel_to(gated.running.grpc) as channel:
        answers = channel.stream_stream(ASK)(told(release, LIST_SERVICES))
        assert b"LossGradService" in next(answers)
        gated.until_held(MEBIBYTE)
        release.set()
        assert list(answers) == []
    gated.until_free()


def test_reflection_is_not_waited_for_for_ever(serve, release):
    gated = serve(idle_seconds=1.0)
    with channel_to(gated.running.grpc) as channel:
        answers = channel.stream_stream(ASK)(told(release, LIST_SERVICES))
        assert next(answers)
        assert code_of(lambda: next(answers)) is grpc.StatusCode.DEADLINE_EXCEEDED
    gated.until_free()


def test_reflection_counts_against_the_quota(tmp_path):
    keys = tmp_path / "keys.toml"
    keys.write_text(entry("a", "good", bytes_per_minute=2 * len(LIST_SERVICES)))
    shown = (("authorization", "Bearer good"),)
    with running_server(keys_file=keys) as running, channel_to(running.grpc) as channel:
        answers = channel.stream_stream(ASK)(iter([LIST_SERVICES] * 3), metadata=shown)
        assert next(answers)
        assert next(answers)
        assert code_of(lambda: next(answers)) is grpc.StatusCode.RESOURCE_EXHAUSTED
