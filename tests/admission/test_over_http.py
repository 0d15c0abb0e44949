"""The gate over HTTP."""

from __future__ import annotations

import gzip
import json
import socket
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import numpy as np
import pytest

import lossgrad
from lossgrad.errors import TooLarge
from lossgrad_service.http_api.document import Document
from tests.admission.gates import HEALTHY, MEBIBYTE, UNTOLD_BYTES, no_line
from tests.running import PATIENCE_SECONDS
from tests.service.test_queue import LARGE_ROWS, body, busy_server
from tests.service.web import JSON, call, compute

HEAD = "POST /v1/compute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@contextmanager
def begun(base, *headers):
    """Send the head of a call, and leave at the block's end."""
    parts = urlsplit(base)
    with socket.create_connection((parts.hostname, parts.port), PATIENCE_SECONDS) as connection:
        connection.sendall("\r\n".join((HEAD.rstrip(), *headers, "", "")).encode())
        yield connection


@pytest.mark.parametrize(
    ("header", "held"),
    [("Content-Length: 5000", 5000), ("Transfer-Encoding: chunked", UNTOLD_BYTES)],
)
def test_a_body_is_held_before_it_comes_and_no_more_once_its_caller_left(gated, header, held):
    with begun(gated.running.http, header):
        gated.until_held(held)
    gated.until_free()


def test_busy_says_when_to_come_again_and_closes_an_unread_connection(gated):
    filled = gated.fill()
    with begun(gated.running.http, "Content-Length: 5000") as connection:
        answer = connection.makefile("rb").read()
    head, _, text = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429 ")
    assert b"\r\nretry-after: 1\r\n" in head
    assert b"\r\nconnection: close" in head
    assert json.loads(text)["retry_after"] == pytest.approx(0.1)
    gated.empty(filled)
    assert compute(gated.running.http, HEALTHY).status == 200
    gated.until_free()


def test_our_client_tries_again(gated, refused):
    filled = gated.fill()
    with lossgrad.Client(gated.running.http) as client:
        waiting = client.compute_future(**HEALTHY)
        assert refused.get(timeout=PATIENCE_SECONDS).retry_after
        gated.empty(filled)
        assert waiting.result(PATIENCE_SECONDS).n_rows == 1


@pytest.mark.parametrize("document", [HEALTHY, {"scores": 1}, {**HEALTHY, "labels": [7]}])
def test_calls_leave_nothing(gated, document):
    compute(gated.running.http, document)
    gated.until_free()


def test_chunks_and_gzip_leave_nothing(gated):
    text = json.dumps(HEALTHY).encode()
    connection = HTTPConnection(urlsplit(gated.running.http).netloc, timeout=PATIENCE_SECONDS)
    connection.request("POST", "/v1/compute", iter([text[:9], text[9:]]), JSON, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    zipped = gzip.compress(text)
    answer = call(f"{gated.running.http}/v1/compute", zipped, {**JSON, "content-encoding": "gzip"})
    assert answer.status == 200
    gated.until_free()


def test_a_body_whose_values_never_fit_is_too_large(serve):
    small = serve(admission_bytes=2 * MEBIBYTE)
    rows = [[0]] * 20_000
    assert len(json.dumps(rows)) < MEBIBYTE / 2
    answer = compute(small.running.http, {"scores": rows, "labels": [0] * 20_000})
    assert (answer.status, answer.json["limit"]) == (413, "admission_bytes")
    with lossgrad.Client(small.running.http) as client:
        scores = np.zeros((20_000, 1), np.float32)
        assert client.compute(scores=scores, labels=np.zeros(20_000, np.int8)).n_rows == 20_000
        with pytest.raises(TooLarge):
            client.compute(scores=np.zeros((2**18, 1)), labels=np.zeros(2**18, np.int8))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"", 0),
        (b'{"scores": [[1, 2], [3, 4]], "labels": [0, 1]}', 10),
        (b'{"data": "' + b"A" * 10**5 + b'"}', 1),
        (b"[" + b"0," * 10**5 + b"0]", 10**5 + 1),
    ],
)
def test_values_are_counted(text, values):
    assert Document.of(text).values == values


def test_a_call_is_refused_where_every_slot_is_used(monkeypatch):
    monkeypatch.setattr("lossgrad_service.server.Slots", no_line)
    with busy_server(monkeypatch) as (running, _):
        answer = call(f"{running.http}/v1/compute", body(LARGE_ROWS, 3), JSON)
        assert answer.status == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert compute(running.http, HEALTHY).status == 200


def test_a_large_body_is_refused_before_it_comes_where_every_slot_is_used(monkeypatch):
    monkeypatch.setattr("lossgrad_service.server.Slots", no_line)
    with (
        busy_server(monkeypatch) as (running, _),
        begun(running.http, f"Content-Length: {4 * MEBIBYTE}") as connection,
    ):
        assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 429 ")
