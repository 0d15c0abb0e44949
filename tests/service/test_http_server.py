"""What callers over HTTP would notice only by a stopwatch or when the server is busy."""

from __future__ import annotations

import json
import socket

import pytest
import uvicorn

from lossgrad.errors import Busy
from lossgrad_service.http_api.problems import problem_response
from lossgrad_service.http_api.server import UNWINDING_SECONDS, bind
from tests.running import running_server


def test_answers_do_not_wait_for_acknowledgements():
    with bind("127.0.0.1", 0) as bound:
        assert bound.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize(("seconds", "header"), [(0.2, "1"), (3.0, "3"), (None, None)])
def test_busy_tells_when_to_come_back(seconds, header):
    response = problem_response(Busy("later", retry_after=seconds))
    assert response.status_code == 429
    assert response.headers.get("retry-after") == header
    assert json.loads(bytes(response.body)).get("retry_after") == seconds


def test_grace_is_not_rounded(monkeypatch):
    given = []
    end = uvicorn.Server.shutdown

    async def observed(self, sockets):
        given.append(self.config.timeout_graceful_shutdown)
        await end(self, sockets)

    monkeypatch.setattr(uvicorn.Server, "shutdown", observed)
    with running_server(shutdown_grace_seconds=0.25):
        pass
    assert given == [0.25 + UNWINDING_SECONDS]
