"""How much of an HTTP connection is taken, how slow it may be, and how it ends."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack

import numpy as np
import pytest

from lossgrad_service.http_api import receiving
from lossgrad_service.http_api.connections.pace import Pace, Tempo
from tests.service.raw_http import (
    BODY,
    CHUNKED,
    READY,
    WHOLE,
    Wire,
    assert_healthy,
    assert_refusal,
    chunk,
    head,
    server_within,
)
from tests.service.web import call

QUICK = Tempo(idle_seconds=0.2, seconds=0.4, bytes_per_second=1000)
PATIENT = Tempo(idle_seconds=60, seconds=60)

LARGE_ANSWER = json.dumps(
    {"scores": np.random.default_rng(3).random((500, 1000)).tolist(), "labels": [2] * 500}
).encode()
"""A request whose answer is more than the system keeps for a reader."""


@pytest.fixture(scope="module")
def hasty():
    """A server that waits for nobody."""
    limits = {"head": QUICK, "body": QUICK, "answer": QUICK, "linger": QUICK}
    with pytest.MonkeyPatch.context() as patch, server_within(patch, limits) as running:
        yield running


@pytest.fixture(autouse=True)
def _is_healthy_after_all(request):
    yield
    for name in {"running", "hasty"} & set(request.fixturenames):
        assert_healthy(request.getfixturevalue(name))


def _until_cut_off(running):
    """Return once the server holds no connection."""
    connections = running.server._http._connections

    async def emptied():
        while connections:
            await asyncio.sleep(0.01)

    running.on_loop(emptied())


# Time


def test_connection_on_which_nothing_comes_is_closed_in_silence(hasty):
    with Wire(hasty.http) as wire:
        assert wire.rest() == b""


@pytest.mark.parametrize(
    "sent",
    [b"G", b"\r\n", head()[:-1], head()[:-2]],
    ids=["a byte", "a line break", "all but a byte", "no end"],
)
def test_head_that_does_not_end_is_408(hasty, sent):
    with Wire(hasty.http) as wire:
        problem = assert_refusal(wire.send(sent).answer(), 408)
        assert problem["title"] == "Deadline exceeded"
        assert "not complete within 0.4 s" in problem["detail"]
        assert wire.rest() == b""


def test_second_head_that_does_not_end_is_408(hasty):
    with Wire(hasty.http) as wire:
        assert wire.send(WHOLE).answer().status == 200
        assert_refusal(wire.send(b"GET").answer(), 408)
        assert wire.rest() == b""


@pytest.mark.parametrize(
    "start",
    [head("Content-Length: 100") + b"{", CHUNKED + chunk(b"{")],
    ids=["declared", "chunked"],
)
def test_body_that_does_not_come_is_408(hasty, start, caplog):
    with Wire(hasty.http) as wire:
        problem = assert_refusal(wire.send(start).answer(), 408)
        assert "must not pause for 0.2 s" in problem["detail"]
        assert wire.rest() == b""
    assert not caplog.records


def test_body_that_trickles_is_408(hasty):
    with Wire(hasty.http) as wire:
        wire.socket.settimeout(0.02)
        wire.send(head("Content-Length: 1000000"))
        answered = b""
        for _ in range(1000):
            wire.send_what_is_taken(b" ")
            try:
                answered = wire.socket.recv(65536)
            except TimeoutError:
                continue
            break
        assert answered.startswith(b"HTTP/1.1 408 ")


def test_reader_who_does_not_read_is_cut_off(hasty):
    with Wire(hasty.http, SO_RCVBUF=4096) as wire:
        wire.send(head(f"Content-Length: {len(LARGE_ANSWER)}"), LARGE_ANSWER)
        _until_cut_off(hasty)


@pytest.mark.parametrize(
    ("steps", "is_late"),
    [
        ([(0, 1.0)], False),
        ([(0, 2.1)], True),
        ([(10, 1.9), (20, 3.8)], False),
        ([(10, 1.9), (19, 3.91)], True),
        ([(1000, 1.0), (1000, 3.1)], True),
        ([(1000, 1.0), (2000, 2.0), (3000, 3.0), (4000, 4.0), (5000, 5.1)], True),
        ([(1000, 1.0), (900, 2.0), (950, 3.5)], False),
    ],
    ids=["new", "idle", "at the rate", "below the rate", "idle later", "too long", "back and on"],
)
def test_pace(steps, is_late):
    pace = Pace(Tempo(idle_seconds=2, seconds=5, bytes_per_second=10), 0, 0.0)
    *before, last = steps
    assert not any(pace.is_late(position, now) for position, now in before)
    assert pace.is_late(*last) is is_late


def test_pace_rests_while_held_up():
    pace = Pace(Tempo(idle_seconds=2, seconds=5), 0, 0.0)
    pace.rest(100.0)
    assert not pace.is_late(0, 101.9)
    assert pace.is_late(0, 102.1)


def test_caller_who_waits_for_100_is_not_hurried(monkeypatch):
    """The application has not asked for the body yet; here it never does."""

    async def silent(_request, _limit):
        await asyncio.sleep(0.6)
        return BODY

    monkeypatch.setattr(receiving, "read_body", silent)
    with (
        server_within(monkeypatch, {"body": QUICK, "head": QUICK}) as running,
        Wire(running.http) as wire,
    ):
        wire.send(head("Content-Length: 100", "Expect: 100-continue"))
        assert wire.answer().status == 200


# Bytes and counts


def test_long_url_is_414(running):
    with Wire(running.http) as wire:
        problem = assert_refusal(wire.send(head(path="/" + "a" * 9000)).answer(), 414)
        assert problem["limit"] == "url_bytes"


def test_url_without_end_is_414(running):
    with Wire(running.http) as wire:
        wire.send_what_is_taken(b"GET /", b"a" * 2**24)
        assert_refusal(wire.answer(), 414)


@pytest.mark.parametrize(
    "lines",
    [[f"X-Much: {'a' * 40_000}"], [f"X-{'a' * 40_000}: 1"], ["X-Some: " + "a" * 500] * 90],
    ids=["value", "name", "together"],
)
def test_large_head_is_431(running, lines):
    with Wire(running.http) as wire:
        problem = assert_refusal(wire.send(head(*lines)).answer(), 431)
        assert problem["limit"] == "head_bytes"


def test_header_without_end_is_431(running):
    with Wire(running.http) as wire:
        wire.send_what_is_taken(head()[:-2], b"X-Much: ", b"a" * 2**24)
        assert_refusal(wire.answer(), 431)


def test_many_headers_are_431(running):
    with Wire(running.http) as wire:
        answer = wire.send(head(*(f"X-{i}: 1" for i in range(100)))).answer()
        assert assert_refusal(answer, 431)["limit"] == "headers"


def test_usual_heads_are_taken(running):
    lines = [f"X-{i}: {'a' * 300}" for i in range(90)]
    body = BODY + b" " * 100_000
    with Wire(running.http) as wire:
        wire.send(head(*lines, f"Content-Length: {len(body)}"), body)
        assert wire.answer().status == 200
        assert wire.send(WHOLE).answer().status == 200


@pytest.mark.parametrize(
    "flood",
    [
        chunk(b" ") * 10**6,
        chunk(b" ", extension=b";" + b"a" * 200_000),
        b"0\r\n" + b"X-Trailer: 1\r\n" * 50_000,
        b"0\r\nX-Trailer: " + b"a" * 2**24,
        b"0" * 200_000,
    ],
    ids=["chunks", "extension", "trailers", "trailer", "size"],
)
def test_framing_without_contents_is_400(running, flood):
    with Wire(running.http) as wire:
        wire.send_what_is_taken(CHUNKED, flood)
        assert_refusal(wire.answer(), 400)


def test_small_chunks_are_taken(running):
    body = BODY + b" " * 500_000
    pieces = (chunk(body[i : i + 64]) for i in range(0, len(body), 64))
    with Wire(running.http) as wire:
        wire.send(CHUNKED, *(chunk(bytes([byte])) for byte in BODY), chunk(b"\n") * 5000)
        assert wire.send(b"0\r\n\r\n").answer().status == 200
        assert wire.send(CHUNKED, *pieces, b"0\r\n\r\n").answer().status == 200


def test_trailers_are_not_headers(running):
    trailers = b"0\r\nContent-Encoding: br\r\nX-Request-Id: late\r\n\r\n"
    with Wire(running.http) as wire:
        answer = wire.send(CHUNKED, chunk(BODY), trailers).answer()
        assert (answer.status, answer.headers["x-request-id"] != "late") == (200, True)


# Order


def test_pipelined_requests_are_answered_in_order(running):
    with Wire(running.http) as wire:
        wire.send(WHOLE, READY, WHOLE)
        assert [len(wire.answer().json) for _ in range(3)] == [7, 1, 7]
        assert wire.send(READY).answer().status == 200


def test_too_many_pipelined_requests_are_refused_in_their_turn(running):
    with Wire(running.http) as wire:
        wire.send(READY * 50)
        assert [wire.answer().status for _ in range(9)] == [200] * 9
        problem = assert_refusal(wire.answer(), 400)
        assert "more than 8 requests wait" in problem["detail"]
        assert wire.rest() == b""


@pytest.mark.parametrize(
    "second",
    [b"nonsense\r\n\r\n", head("Content-Length: x"), CHUNKED + b"x", head(host="a b")],
    ids=["line", "header", "chunk", "host"],
)
def test_refusal_of_a_pipelined_request_waits_its_turn(running, second):
    with Wire(running.http) as wire:
        wire.send(WHOLE + second)
        assert wire.answer().status == 200
        assert_refusal(wire.answer(), 400)
        assert wire.rest() == b""


# Grammar


IMPROPER = {
    "two lengths": head("Content-Length: 5", "Content-Length: 6") + b"{}    ",
    "length and chunks": head("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunks and length": head("Transfer-Encoding: chunked", "Content-Length: 5") + b"0\r\n\r\n",
    "negative length": head("Content-Length: -1"),
    "length with a plus": head("Content-Length: +5") + b"{}   ",
    "hexadecimal length": head("Content-Length: 0x5") + b"{}   ",
    "list of lengths": head("Content-Length: 5, 6") + b"{}    ",
    "length beyond 64 bits": head("Content-Length: 99999999999999999999999"),
    "other coding": head("Transfer-Encoding: gzip"),
    "chunks within a coding": head("Transfer-Encoding: chunked, gzip"),
    "space before the colon": head("Transfer-Encoding : chunked"),
    "lone line feed": head("X: a\nContent-Length: 5"),
    "folded header": head("X: a\r\n folded: b"),
    "zero byte": head("X: \x00"),
    "name that is none": head("(: 1"),
    "chunk with a lone line feed": CHUNKED + b"5\nabcde\r\n0\r\n\r\n",
    "negative chunk": CHUNKED + b"-1\r\n",
    "chunk beyond 64 bits": CHUNKED + b"ffffffffffffffffff\r\n",
    "chunk longer than declared": CHUNKED + b"2\r\n{}{}\r\n0\r\n\r\n",
    "no host": b"GET /readyz HTTP/1.1\r\n\r\n",
    "unknown version": b"GET /readyz HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "half a line": b"GET\r\n\r\n",
    "byte in the path": b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "proxy": b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "zeros": bytes(100),
    "two hosts": head("Host: other"),
    "host with a space": head(host="a b"),
    "host with a path": head(host="a/b"),
    "host with a word for a port": head(host="localhost:port"),
    "host with a user": head(host="user@localhost"),
    "host with markup": head(host='a"><b'),
    "upgrade": head("Connection: Upgrade", "Upgrade: h2c", "Content-Length: 2") + b"{}",
}


@pytest.mark.parametrize("sent", IMPROPER.values(), ids=IMPROPER)
def test_what_is_no_proper_request_is_400(running, sent):
    with Wire(running.http) as wire:
        assert_refusal(wire.send(sent).answer(), 400)
        assert wire.rest() == b""


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "[::1]:8080", "10.0.0.1", ""])
def test_hosts_are_taken(running, host):
    with Wire(running.http) as wire:
        assert wire.send(head(method="GET", path="/readyz", host=host)).answer().status == 200


def test_http_1_0_needs_no_host(running):
    with Wire(running.http) as wire:
        assert wire.send(b"GET /readyz HTTP/1.0\r\n\r\n").answer().status == 200
        assert wire.rest() == b""


def test_upgrade_without_a_body_is_not_taken_up(running):
    lines = ("Connection: Upgrade", "Upgrade: h2c")
    with Wire(running.http) as wire:
        answer = wire.send(head(*lines, method="GET", path="/readyz"), READY).answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert wire.rest() == b""


def test_tls_on_the_plain_port_is_closed_at_once(running):
    with Wire(running.http) as wire:
        assert wire.send(bytes.fromhex("16030100c8010000c40303"), bytes(180)).rest() == b""


# Early answers


def test_body_that_is_too_long_is_not_asked_for(running):
    with Wire(running.http) as wire:
        answer = wire.send(head("Content-Length: 99999999", "Expect: 100-continue")).answer()
        assert (answer.status, answer.json["limit"]) == (413, "max_request_bytes")
        assert answer.headers["connection"] == "close"
        assert wire.rest() == b""


def test_body_that_is_welcome_is_asked_for(running):
    with Wire(running.http) as wire:
        wire.send(head(f"Content-Length: {len(BODY)}", "Expect: 100-continue"))
        assert wire.answer().status == 100
        assert wire.send(BODY).answer().status == 200
        assert wire.send(READY).answer().status == 200


def test_caller_who_still_sends_reads_why_it_should_not(monkeypatch):
    with (
        server_within(monkeypatch, {}, max_request_bytes=100) as running,
        Wire(running.http) as wire,
    ):
        wire.send(head("Content-Length: 10000000"), bytes(10_000_000))
        assert wire.answer().status == 413
        assert wire.rest() == b""


def test_what_follows_an_early_answer_is_no_request(running):
    with Wire(running.http) as wire:
        wire.send(head("Content-Length: 99999999"))
        assert wire.answer().status == 413
        assert wire.send_what_is_taken(READY).rest() == b""


def test_who_goes_on_sending_is_cut_off(hasty):
    with Wire(hasty.http) as wire:
        wire.send(head("Content-Length: 99999999"))
        assert wire.answer().status == 413
        _until_cut_off(hasty)


# Many connections


def test_connections_without_room_are_told_to_come_back(monkeypatch):
    limits = {"turned_away": 1, "linger": PATIENT}
    with (
        server_within(monkeypatch, limits, max_http_connections=3) as running,
        ExitStack() as stack,
    ):
        wires = [stack.enter_context(Wire(running.http)) for _ in range(3)]
        for wire in wires:
            assert wire.send(READY).answer().status == 200
        refused = stack.enter_context(Wire(running.http))
        answer = refused.answer()
        body = assert_refusal(answer, 503)
        assert (body["title"], body["retry_after"]) == ("Unavailable", 1)
        assert answer.headers["retry-after"] == "1"
        with Wire(running.http) as unheard:
            assert unheard.rest() == b""
        for wire in wires:
            assert wire.send(WHOLE).answer().status == 200
        refused.__exit__()
        wires[0].__exit__()
        _until_taken(running)


def _until_taken(running):
    last = READY[:-2] + b"Connection: close\r\n\r\n"
    for _ in range(1000):
        with Wire(running.http) as wire:
            if b"200 OK" in wire.send_what_is_taken(last).rest():
                return
    pytest.fail("no room, though connections were closed")


# The end


def test_nobody_outlasts_the_grace(monkeypatch, caplog):
    limits = {"head": PATIENT, "body": PATIENT, "answer": PATIENT, "linger": PATIENT}
    with (
        ExitStack() as wires,
        server_within(monkeypatch, limits, shutdown_grace_seconds=0.25) as running,
    ):
        for sent in (b"", b"GET", head("Content-Length: 9") + b"{", CHUNKED, WHOLE):
            wires.enter_context(Wire(running.http)).send(sent)
        reader = wires.enter_context(Wire(running.http, SO_RCVBUF=4096))
        reader.send(head(f"Content-Length: {len(LARGE_ANSWER)}"), LARGE_ANSWER)
        assert reader.socket.recv(12) == b"HTTP/1.1 200"
        early = wires.enter_context(Wire(running.http)).send(head("Content-Length: 99999999"))
        assert early.answer().status == 413
    assert not caplog.records


# Headers


def test_answers_carry_security_headers(running):
    for path, status in (("readyz", 200), ("nowhere", 404), ("openapi.json", 200)):
        answer = call(f"{running.http}/{path}")
        assert answer.status == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        policy = "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers.get_all("content-security-policy") == [policy]
        assert answer.headers["server"] is None
