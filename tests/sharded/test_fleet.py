"""Which server is asked, and who stands in for it; no network."""

from __future__ import annotations

import asyncio
import os
import time
from threading import Event, Thread

import pytest

from lossgrad.errors import Busy, Cancelled, DeadlineExceeded, Internal, Unavailable
from lossgrad.sharded import fleet
from lossgrad.sharded.fleet import AsyncFleet, Fleet, Server
from lossgrad.transports.withdrawal import Withdrawal, Withdrawn


class Scripted:
    """A transport that answers with its entries in turn, the last one for ever."""

    def __init__(self, *entries):
        self.entries = list(entries)
        self.timeouts = []

    def send(self, _endpoint, _request, timeout):
        self.timeouts.append(timeout)
        entry = self.entries.pop(0) if len(self.entries) > 1 else self.entries[0]
        if isinstance(entry, Exception):
            raise entry
        return entry() if callable(entry) else entry

    def close(self):
        self.entries = [Internal("closed")]


class Awaited:
    """A `Scripted` for coroutines."""

    def __init__(self, scripted):
        self._scripted = scripted

    async def send(self, endpoint, request, timeout):
        return self._scripted.send(endpoint, request, timeout)


class Awaiting:
    """An `AsyncFleet` behind the method of a `Fleet`."""

    def __init__(self, transports):
        self._fleet = AsyncFleet([Awaited(each) for each in transports])

    def send(self, endpoint, request, timeout):
        return asyncio.run(self._fleet.send(endpoint, request, timeout))


@pytest.fixture(params=[Fleet, Awaiting])
def fleet_of(request):
    return request.param


def ask(servers, timeout: float = 5.0):
    return servers.send(None, None, timeout)


def test_servers_take_turns(fleet_of):
    one, two = Scripted("one"), Scripted("two")
    servers = fleet_of([one, two])
    assert [ask(servers) for _ in range(4)] == ["one", "two", "one", "two"]


def test_the_one_with_least_to_do_is_asked(fleet_of):
    begun, released = Event(), Event()

    def slow():
        begun.set()
        released.wait(20)
        return "slow"

    servers = fleet_of([Scripted(slow), Scripted("quick")])
    caller = Thread(target=ask, args=(servers, 20))
    caller.start()
    begun.wait(20)
    assert [ask(servers) for _ in range(3)] == ["quick"] * 3
    released.set()
    caller.join()


@pytest.mark.parametrize("error", [Unavailable("gone"), Busy("full"), Cancelled("restarts")])
def test_another_server_stands_in(fleet_of, error):
    lost = Scripted(error)
    servers = fleet_of([lost, Scripted("answer")])
    assert [ask(servers) for _ in range(2)] == ["answer"] * 2
    assert len(lost.timeouts) == 1 + (not isinstance(error, Unavailable))


def test_time_goes_on_for_who_stands_in(fleet_of):
    def lose():
        time.sleep(0.05)
        raise Unavailable("gone")

    other = Scripted("answer")
    ask(fleet_of([Scripted(lose), other]), timeout=5.0)
    assert other.timeouts[0] <= 4.95


@pytest.mark.parametrize(
    "error",
    [Internal("bug"), DeadlineExceeded("late"), Unavailable("not trusted", is_permanent=True)],
)
def test_errors_that_no_other_server_helps_against(fleet_of, error):
    other = Scripted("answer")
    with pytest.raises(type(error)):
        ask(fleet_of([Scripted(error), other]))
    assert other.timeouts == []


def test_an_attempt_is_over_once_all_have_failed(fleet_of):
    with pytest.raises(Unavailable, match="two"):
        ask(fleet_of([Scripted(Unavailable("one")), Scripted(Unavailable("two"))]))


def test_the_hint_of_a_busy_one_counts(fleet_of):
    hint = Busy("full", retry_after=3.0)
    with pytest.raises(Busy) as caught:
        ask(fleet_of([Scripted(hint), Scripted(Unavailable("gone"))]))
    assert caught.value.retry_after == 3.0


def test_a_lost_server_rests_longer_each_time(fleet_of, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(fleet.time, "monotonic", lambda: now[0])
    lost = Scripted(Unavailable("gone"))
    servers = fleet_of([lost, Scripted("answer")])
    asked_at = []
    for tenth in range(80):
        now[0] = tenth / 10
        before = len(lost.timeouts)
        ask(servers)
        ask(servers)
        asked_at += [now[0]] * (len(lost.timeouts) - before)
    assert asked_at == [0.0, 1.0, 3.0, 7.0]


def test_calls_that_are_lost_together_are_one_reason_to_rest(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(fleet.time, "monotonic", lambda: now[0])
    server = Server(Scripted("answer"))
    for _ in range(8):
        server.note(Unavailable("gone"))
    assert server.is_resting
    now[0] = fleet.FIRST_REST
    assert not server.is_resting


def test_who_answers_rests_no_more():
    server = Server(Scripted("answer"))
    server.note(Unavailable("gone"))
    server.note(None)
    assert not server.is_resting


def test_calls_of_a_parent_are_not_under_way_in_a_fork(fleet_of, monkeypatch):
    begun, released = Event(), Event()

    def slow():
        begun.set()
        released.wait(20)

    servers = fleet_of([Scripted(slow, "one"), Scripted("two")])
    caller = Thread(target=ask, args=(servers, 20))
    caller.start()
    begun.wait(20)
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        asked = [ask(servers) for _ in range(4)]
    released.set()
    caller.join()
    assert asked == ["one", "two", "one", "two"]


def test_a_server_that_came_back_is_asked_again(fleet_of, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(fleet.time, "monotonic", lambda: now[0])
    servers = fleet_of([Scripted(Unavailable("gone"), "back"), Scripted("answer")])
    assert ask(servers) == "answer"
    now[0] = 1.0
    assert {ask(servers), ask(servers)} == {"answer", "back"}


def test_a_lost_server_is_asked_where_nobody_else_is_left(fleet_of):
    servers = fleet_of([Scripted(Unavailable("gone"), "back")])
    with pytest.raises(Unavailable):
        ask(servers)
    assert ask(servers) == "back"


def test_what_nobody_wants_is_not_sent():
    withdrawal = Withdrawal()
    withdrawal.withdraw()
    server = Scripted("answer")
    with withdrawal.covering(), pytest.raises(Withdrawn):
        ask(Fleet([server]))
    assert server.timeouts == []
