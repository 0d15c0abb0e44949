"""HTTP byte by byte, as only a broken or a hostile caller sends it."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager, suppress
from functools import partial

from lossgrad_service.http_api import Limits
from tests.running import PATIENCE_SECONDS, running_server
from tests.service.processes import address_of
from tests.service.web import Answer, call

CRLF = b"\r\n"
END = CRLF + CRLF


@contextmanager
def server_within(monkeypatch, limits, **settings):
    """Serve with some limits on connections changed."""
    monkeypatch.setattr("lossgrad_service.server.Limits", partial(Limits, **limits))
    with running_server(**settings) as running:
        yield running


class Wire:
    """A connection to a server."""

    def __init__(self, target, **options):
        self.socket = socket.create_connection(address_of(target), PATIENCE_SECONDS)
        for option, value in options.items():
            self.socket.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
        self._file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()
        self.socket.close()

    def send(self, *parts):
        self.socket.sendall(b"".join(parts))
        return self

    def send_what_is_taken(self, *parts):
        """Send, and do not mind a server that stopped reading."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send(*parts)
        return self

    def answer(self):
        """Read one answer."""
        first = self._file.readline()
        assert first.startswith(b"HTTP/1.1 "), first
        status = int(first.split()[1])
        headers = {}
        while (line := self._file.readline()) not in (CRLF, b""):
            name, _, value = line.decode().partition(":")
            headers[name] = value.strip()
        body = self._file.read(int(headers.get("content-length", 0)))
        return Answer(status, headers, body.decode())

    def rest(self):
        """Read what comes until the server closes; a reset closes, too."""
        try:
            return self._file.read()
        except ConnectionResetError:
            return b""


def head(*lines, method="POST", path="/v1/compute", host="localhost"):
    """Return the head of a request for a computation."""
    first = f"{method} {path} HTTP/1.1"
    usual = (f"Host: {host}", "Content-Type: application/json")
    return "\r\n".join((first, *usual, *lines, "", "")).encode()


def chunk(data, extension=b""):
    return b"%x%s\r\n%s\r\n" % (len(data), extension, data)


BODY = json.dumps({"scores": [[1, 2, 3]], "labels": [2], "want": ["loss"]}).encode()
WHOLE = head(f"Content-Length: {len(BODY)}") + BODY
READY = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = head("Transfer-Encoding: chunked")


def assert_healthy(running):
    assert call(f"{running.http}/readyz").status == 200
    with Wire(running.http) as wire:
        assert wire.send(WHOLE).answer().json["n_rows"] == 1


def assert_refusal(answer, status):
    """Check a refusal that is the last answer on its connection."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.json["detail"]) <= 1024
    assert len(answer.text) <= 4096
    return answer.json
