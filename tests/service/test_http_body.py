"""What a body may be declared as, and how long it may be."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from queue import Queue
from urllib.parse import urlsplit

import pytest

from lossgrad.errors import Cancelled
from lossgrad_service.http_api import receiving
from tests.running import PATIENCE_SECONDS, running_server
from tests.service.web import call, compute

BODY = json.dumps({"scores": [[1, 2, 3]], "labels": [2]}).encode()


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON ; charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/json; odata=none; ",
    ],
)
def test_json_in_utf8_is_taken(running, media_type):
    answer = call(f"{running.http}/v1/compute", BODY, {"content-type": media_type})
    assert answer.status == 200


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/xml",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=utf-16",
        "json",
        "",
        "application/json" + ";" * 30_000,
    ],
)
def test_other_media_types_are_415(running, media_type):
    answer = call(f"{running.http}/v1/compute", BODY, {"content-type": media_type})
    assert answer.status == 415
    assert answer.json["title"] == "Unimplemented"


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
def test_plain_body_is_taken(running, coding):
    headers = {"content-type": "application/json", "content-encoding": coding}
    assert call(f"{running.http}/v1/compute", BODY, headers).status == 200


@pytest.mark.parametrize(
    "coding", ["br", "deflate", "zstd", "identity, gzip", "gzip, gzip", "gzip;q=1", "gzıp"]
)
def test_other_codings_are_415(running, coding):
    headers = {"content-type": "application/json", "content-encoding": coding.encode("utf-8")}
    answer = call(f"{running.http}/v1/compute", BODY, headers)
    assert (answer.status, answer.json["title"]) == (415, "Unimplemented")
    assert answer.headers["accept-encoding"] == "gzip"
    assert "the body must come as it is or in gzip" in answer.json["detail"]


@pytest.fixture(scope="module")
def small():
    with running_server(max_request_bytes=200, max_response_bytes=23) as running:
        yield running


def post(base, body, headers, *, chunked=False):
    connection = HTTPConnection(urlsplit(base).netloc, timeout=PATIENCE_SECONDS)
    try:
        connection.request("POST", "/v1/compute", body, headers, encode_chunked=chunked)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_declared_length_over_the_limit_is_refused_unread(small):
    headers = {"content-type": "application/json", "content-length": "201"}
    status, problem = post(small.http, None, headers)
    assert (status, problem["limit"]) == (413, "max_request_bytes")
    assert "the body has 201 bytes, more than max_request_bytes = 200;" in problem["detail"]


def test_chunks_over_the_limit_are_refused(small):
    headers = {"content-type": "application/json", "transfer-encoding": "chunked"}
    status, problem = post(small.http, iter([bytes(100)] * 3), headers, chunked=True)
    assert (status, problem["limit"]) == (413, "max_request_bytes")


def test_chunks_within_the_limit_are_taken(small):
    headers = {"content-type": "application/json", "transfer-encoding": "chunked"}
    body = json.dumps({"scores": [[1, 2, 3]], "labels": [2], "want": ["loss"]}).encode()
    status, answer = post(small.http, iter([body[:9], body[9:]]), headers, chunked=True)
    assert (status, answer["n_rows"]) == (200, 1)


def test_answer_over_the_limit_is_refused(small):
    answer = compute(small.http, {"scores": [[1, 2, 3]], "labels": [2]})
    assert answer.status == 413
    assert answer.json["limit"] == "max_response_bytes"
    assert "24 bytes" in answer.json["detail"]


def test_body_that_broke_off_ends_its_call_in_silence(small, monkeypatch, caplog):
    ended = Queue()
    read = receiving.read_body

    async def observed(request, limit):
        try:
            return await read(request, limit)
        except BaseException as error:
            ended.put(error)
            raise

    monkeypatch.setattr(receiving, "read_body", observed)
    connection = HTTPConnection(urlsplit(small.http).netloc)
    connection.putrequest("POST", "/v1/compute")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", "100")
    connection.endheaders(b"{")
    connection.close()
    assert isinstance(ended.get(timeout=PATIENCE_SECONDS), Cancelled)
    assert call(f"{small.http}/readyz").status == 200
    assert not caplog.records
