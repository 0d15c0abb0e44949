"""Bodies in gzip: what is taken, what is refused, and how little of a bomb is held."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad.errors import InvalidArgument, TooLarge
from lossgrad_service.http_api.inflate import FREE_BYTES, MAX_EXPANSION, inflate
from tests.running import running_server
from tests.service.web import JSON, call, compute

DOCUMENT = {"scores": [[1, 2, 3], [0, 0, 0]], "labels": [2, 0]}
MIB = 2**20


def post(base, body, coding="gzip"):
    return call(f"{base}/v1/compute", body, {**JSON, "content-encoding": coding})


def refusal(body):
    with pytest.raises(InvalidArgument) as caught:
        inflate(body, MIB)
    [violation] = caught.value.violations
    assert violation.field == ""
    return violation.detail


@pytest.mark.parametrize("coding", ["gzip", "GZIP", " x-gzip "])
def test_gzip_has_the_answer_of_the_plain_body(running, coding):
    answer = post(running.http, gzip.compress(json.dumps(DOCUMENT).encode()), coding)
    assert answer.status == 200
    assert answer.json == compute(running.http, DOCUMENT).json


def test_inflating_is_part_of_decoding(running):
    answer = post(running.http, gzip.compress(json.dumps(DOCUMENT).encode()))
    assert "decode;dur=" in answer.headers["server-timing"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        json.dumps(DOCUMENT).encode(),
        zlib.compress(json.dumps(DOCUMENT).encode()),
        gzip.compress(gzip.compress(json.dumps(DOCUMENT).encode())),
        gzip.compress(b""),
        gzip.compress(b"{"),
        gzip.compress(json.dumps(DOCUMENT).encode())[:-1],
    ],
    ids=["nothing", "plain", "zlib", "twice", "of nothing", "of half a document", "half"],
)
def test_wrong_gzip_is_400(running, body):
    answer = post(running.http, body)
    assert answer.status == 400
    assert answer.json["errors"][0]["pointer"] == ""


@pytest.mark.parametrize("size", [2 * MIB, 3 * 50 * MIB])
def test_bomb_is_413(running, size):
    answer = post(running.http, gzip.compress(bytes(size)))
    assert answer.status == 413
    assert answer.json["limit"] == "expansion"


def test_contents_over_the_limit_are_413():
    body = json.dumps(DOCUMENT).encode() + b" " * 200
    with running_server(max_request_bytes=len(body) - 1) as running:
        answer = post(running.http, gzip.compress(body))
        assert (answer.status, answer.json["limit"]) == (413, "max_request_bytes")
        assert "inflates to more than max_request_bytes" in answer.json["detail"]


def test_compressed_body_over_the_limit_is_413():
    with running_server(max_request_bytes=100) as running:
        answer = post(running.http, gzip.compress(json.dumps(DOCUMENT).encode() + b" " * 200, 0))
        assert (answer.status, answer.json["limit"]) == (413, "max_request_bytes")
        assert "bytes, more than max_request_bytes = 100; send" in answer.json["detail"]


@given(st.binary(max_size=300), st.integers(0, 9), st.integers(0, 700))
def test_contents_are_what_was_compressed(contents, level, repeats):
    whole = contents * repeats
    assert inflate(gzip.compress(whole, level), len(whole)) == whole


@given(st.binary(min_size=1, max_size=300), st.integers(1, 700))
def test_contents_a_byte_over_the_limit_are_refused(contents, repeats):
    whole = contents * repeats
    with pytest.raises(TooLarge, match="max_request_bytes"):
        inflate(gzip.compress(whole), len(whole) - 1)


@given(st.binary(max_size=2000), st.data())
def test_no_part_of_a_body_is_taken_for_the_whole(contents, data):
    body = gzip.compress(contents)
    end = data.draw(st.integers(0, len(body) - 1))
    assert refusal(body[:end]) == "the body breaks off before the end of its gzip data"


@given(st.binary(max_size=2000), st.data())
def test_damage_is_never_taken(contents, data):
    body = bytearray(gzip.compress(contents))
    # The 10 bytes of the header hold a time, a system and hints, which mean nothing here.
    place = data.draw(st.integers(10, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    with suppress(InvalidArgument, TooLarge):
        assert inflate(body, MIB) == contents


@pytest.mark.parametrize(
    "more", [b"x", bytes(8), gzip.compress(b"{}")], ids=["a byte", "zeros", "a member"]
)
@pytest.mark.parametrize("size", [2, 2**14 - 30, 2**17])
def test_more_behind_the_end_is_refused(more, size):
    contents = b"{}".ljust(size)
    text = "the body goes on behind the end of its gzip data; send a single member"
    assert refusal(gzip.compress(contents, 0) + more) == text


def test_dense_contents_are_taken_up_to_a_size():
    assert len(inflate(gzip.compress(bytes(FREE_BYTES)), MIB)) == FREE_BYTES
    with pytest.raises(TooLarge, match=f"more than {MAX_EXPANSION} times") as caught:
        inflate(gzip.compress(bytes(FREE_BYTES + 1)), 2 * MIB)
    assert caught.value.limit == "expansion"


def test_no_more_of_a_bomb_is_held_than_allowed():
    bomb = gzip.compress(bytes(200 * MIB))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            inflate(bomb, 4 * MIB)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * MIB
