"""A server whose gate tests can look at."""

from __future__ import annotations

from dataclasses import dataclass
from queue import Queue

import pytest

from lossgrad.errors import Busy
from lossgrad_service import server
from lossgrad_service.admission import Gate, Room, patience, visit, wait
from lossgrad_service.calls import Deadline
from tests.admission.gates import MEBIBYTE, until
from tests.running import Running, running_server


@dataclass(frozen=True)
class Gated:
    running: Running
    gate: Gate

    @property
    def taken(self) -> int:
        return self.gate.room.budget.taken

    def until_held(self, size):
        """Wait until calls hold so many bytes, or more where a caller is late by then."""
        until(lambda: self.taken >= size)

    def until_free(self):
        """Wait until calls hold nothing."""
        until(lambda: not self.taken)

    def fill(self):
        """Hold all that the callers of this machine get; return the visit that does."""
        most = self.gate.room.budget.most_of_one

        async def fill():
            visit = self.gate.enter(None, "127.0.0.1")
            visit.resize(most)
            return visit

        return self.running.on_loop(fill())

    def need_room(self):
        """Have another call of the callers of this machine ask for all that they get, and leave."""

        async def ask():
            visit = self.gate.enter(None, "127.0.0.1")
            try:
                await visit.admit(visit.most, Deadline())
            except Busy:
                pass
            finally:
                visit.leave()

        self.running.on_loop(ask())

    def empty(self, visit):
        async def leave():
            visit.leave()

        self.running.on_loop(leave())


@pytest.fixture
def serve(monkeypatch):
    """Return what starts a server that refuses at once what it has no room for."""
    gates = []

    def observed(*arguments):
        gates.append(Gate(*arguments))
        return gates[-1]

    monkeypatch.setattr(server, "Gate", observed)
    monkeypatch.setattr(patience, "LONGEST_WAIT", 0.0)
    open_servers = []

    def start(**settings):
        context = running_server(**{"admission_bytes": 100 * MEBIBYTE, **settings})
        running = context.__enter__()
        open_servers.append(context)
        return Gated(running, gates[-1])

    yield start
    for context in open_servers:
        context.__exit__(None, None, None)


@pytest.fixture
def gated(serve):
    return serve()


@pytest.fixture
def refused(monkeypatch):
    """The errors of calls that found no room, as they come."""
    errors = Queue()
    wait_for = Room.wait_for

    async def observed(*arguments):
        try:
            await wait_for(*arguments)
        except Busy as error:
            errors.put(error)
            raise

    monkeypatch.setattr(Room, "wait_for", observed)
    return errors


@pytest.fixture
def impatient(monkeypatch):
    """Callers are late at once."""
    monkeypatch.setattr(wait, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(wait, "AT_ONCE_SECONDS", 0.0)
    monkeypatch.setattr(visit, "UNTOLD_GRACE", 0.0)
    monkeypatch.setattr(wait, "SLOWEST_BYTES", float("inf"))
    monkeypatch.setattr(wait, "LOOK_SECONDS", 0.001)
