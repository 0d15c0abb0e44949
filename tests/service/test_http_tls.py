"""Connections that are to speak TLS: how many there are, and how they end."""

from __future__ import annotations

import socket
import ssl
from contextlib import ExitStack

import pytest

from lossgrad_service.http_api.connections.pace import Tempo
from tests.access.files import TlsFolder
from tests.running import PATIENCE_SECONDS
from tests.service.raw_http import READY, Wire, server_within

QUICK = Tempo(idle_seconds=0.2, seconds=0.4)
PATIENT = Tempo(idle_seconds=60, seconds=2 * PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return TlsFolder(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def hasty(tls):
    with (
        pytest.MonkeyPatch.context() as patch,
        server_within(patch, {"head": QUICK}, **tls.settings) as running,
    ):
        yield running


class Secured:
    """A caller that speaks TLS, and decides itself what is sent together."""

    def __init__(self, wire, tls):
        self._wire = wire.socket
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=tls.authority)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")
        self._until_done(self._tls.do_handshake)

    def send(self, data):
        """Send data; the first with the end of the handshake."""
        self._tls.write(data)
        self._wire.sendall(self._outgoing.read())
        return self

    def answer(self):
        """Read what comes first."""
        return self._until_done(lambda: self._tls.read(2**16))

    def _until_done(self, step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self._wire.sendall(self._outgoing.read())
                came = self._wire.recv(2**16)
                assert came, "the server closed the connection"
                self._incoming.write(came)


def count(running):
    async def counted():
        return len(running.server._http._connections)

    return running.on_loop(counted())


@pytest.mark.parametrize("sent", [b"", bytes.fromhex("16030100c801")], ids=["nothing", "a start"])
def test_handshake_that_does_not_end_is_closed(hasty, sent):
    with Wire(hasty.http) as wire:
        wire.socket.settimeout(PATIENCE_SECONDS / 2)
        assert wire.send(sent).rest() == b""
    assert count(hasty) == 0


@pytest.mark.parametrize("sent", [READY, b"\x16\x03\x01\x00\x05hello"], ids=["HTTP", "nonsense"])
def test_what_is_no_handshake_is_closed(hasty, sent, caplog):
    with Wire(hasty.http) as wire:
        wire.send(sent).rest()
    assert count(hasty) == 0
    assert not caplog.records


def test_caller_who_leaves_in_the_handshake_is_forgotten(hasty):
    with Wire(hasty.http) as wire:
        wire.socket.shutdown(socket.SHUT_WR)
        wire.rest()
    assert count(hasty) == 0


def test_request_right_behind_the_handshake_is_answered(hasty, tls):
    with Wire(hasty.http) as wire:
        assert Secured(wire, tls).send(READY).answer().startswith(b"HTTP/1.1 200 OK")


def test_silent_connections_are_counted(monkeypatch, tls):
    limits = {"turned_away": 1, "head": PATIENT}
    with (
        server_within(monkeypatch, limits, max_http_connections=2, **tls.settings) as running,
        ExitStack() as stack,
    ):
        for _ in range(2):
            stack.enter_context(Wire(running.http))
        refused = Secured(stack.enter_context(Wire(running.http)), tls)
        assert refused.answer().startswith(b"HTTP/1.1 503 ")
        stack.enter_context(Wire(running.http))
        with Wire(running.http) as unheard:
            unheard.socket.settimeout(PATIENCE_SECONDS / 2)
            assert unheard.rest() == b""


def test_silent_connection_ends_with_the_server(monkeypatch, tls):
    limits = {"head": PATIENT}
    grace = PATIENCE_SECONDS / 2
    with ExitStack() as stack:
        with server_within(
            monkeypatch, limits, shutdown_grace_seconds=grace, **tls.settings
        ) as running:
            wire = stack.enter_context(Wire(running.http))
            wire.socket.settimeout(PATIENCE_SECONDS)
        assert wire.rest() == b""
