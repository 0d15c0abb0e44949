"""Errors as gRPC statuses and as problem details: what is sent is what is raised."""

from __future__ import annotations

import json
import math

import pytest
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from lossgrad import errors
from lossgrad.codecs.pointers import to_field, to_pointer
from lossgrad.codecs.problem_details import decode_problem_details, encode_problem_details
from lossgrad.codecs.status import decode_status, encode_status
from lossgrad.codecs.text import fit, fit_violations, size_of
from lossgrad.errors import InvalidArgument, Violation

EXAMPLES = [
    InvalidArgument.of([Violation("labels", "row 3 has 9"), Violation("scores[3][1]", "is NaN")]),
    InvalidArgument("no violations"),
    errors.TooLarge("9 bytes, at most 8", limit="max_request_bytes"),
    errors.Unauthenticated("no key"),
    errors.PermissionDenied("not yours"),
    errors.Busy("later", retry_after=0.25),
    errors.Busy("later"),
    errors.DeadlineExceeded("too late"),
    errors.Cancelled("as you wish"),
    errors.Unimplemented("no such method"),
    errors.Unavailable("draining"),
    errors.Unavailable("no room", retry_after=1.0),
    errors.Internal("a bug", request_id="abc"),
    errors.Internal("a bug"),
]


def facts(error):
    return type(error), str(error), vars(error)


def over_grpc(error):
    status = encode_status(error)
    return decode_status(status.code, status.message, status.details)


def over_http(error):
    body = encode_problem_details(error)
    return decode_problem_details(body["status"], json.loads(json.dumps(body)))


def test_examples_are_the_whole_vocabulary():
    assert {type(error) for error in EXAMPLES} == {row.error for row in errors.VOCABULARY}


@pytest.mark.parametrize("error", EXAMPLES, ids=repr)
@pytest.mark.parametrize("travel", [over_grpc, over_http])
def test_round_trip(error, travel):
    assert facts(travel(error)) == facts(error)


def test_bad_request_as_others_read_it():
    status = status_pb2.Status.FromString(encode_status(EXAMPLES[0]).details)
    request = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(request)
    assert [v.field for v in request.field_violations] == ["labels", "scores[3][1]"]


def test_problem_details_as_others_read_them():
    assert encode_problem_details(EXAMPLES[0]) == {
        "type": "urn:lossgrad:error:invalid-argument",
        "title": "Invalid argument",
        "status": 400,
        "detail": "labels: row 3 has 9; scores[3][1]: is NaN",
        "errors": [
            {"pointer": "/labels", "detail": "row 3 has 9"},
            {"pointer": "/scores/3/1", "detail": "is NaN"},
        ],
    }


def test_another_status_of_the_class():
    body = encode_problem_details(errors.Unimplemented("no"), status=405)
    assert body["status"] == 405
    assert isinstance(decode_problem_details(405, body), errors.Unimplemented)


def test_resource_exhausted_without_a_hint_is_too_large():
    error = decode_status(8, "Received message larger than max (9 vs. 8)", None)
    assert isinstance(error, errors.TooLarge)
    assert error.limit == "max_request_bytes"
    assert "(9 vs. 8); send fewer rows at a time" in str(error)


@pytest.mark.parametrize("code", [2, 5, 6, 9, 10, 15, 99])
def test_codes_that_lossgrad_never_sends(code):
    assert isinstance(decode_status(code, "odd", None), errors.Internal)


@pytest.mark.parametrize("details", [None, b"", b"\xff\xff", b"\x1a\x03abc"])
def test_details_that_cannot_be_read(details):
    assert facts(decode_status(3, "wrong", details)) == facts(InvalidArgument("wrong"))


def test_a_detail_that_cannot_be_read():
    status = status_pb2.Status()
    detail = status.details.add(type_url="type.googleapis.com/google.rpc.BadRequest")
    detail.value = b"\xff"
    error = decode_status(3, "wrong", status.SerializeToString())
    assert facts(error) == facts(InvalidArgument("wrong"))


@pytest.mark.parametrize("body", [None, [], "text", {"detail": None, "errors": 3}])
def test_a_proxy_that_knows_nothing_of_problem_details(body):
    error = decode_problem_details(400, body)
    assert facts(error) == facts(InvalidArgument("the server answered HTTP 400"))


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_of_a_proxy(status):
    assert decode_problem_details(status, None, retry_after=3.0).retry_after == 3.0
    assert decode_problem_details(status, {"retry_after": 0.5}, retry_after=3.0).retry_after == 0.5


@pytest.mark.parametrize("said", ["-5", "NaN", "1e999", "1" + 400 * "0", "true", '"1"', "[1]", "0"])
@pytest.mark.parametrize("status", [429, 503])
def test_hints_that_nobody_can_wait_for(status, said):
    body = json.loads(f'{{"retry_after": {said}}}')
    assert decode_problem_details(status, body).retry_after is None
    assert decode_problem_details(status, body, retry_after=3.0).retry_after == 3.0
    assert decode_problem_details(status, None, retry_after=math.inf).retry_after is None


@pytest.mark.parametrize("code", [8, 14])
@pytest.mark.parametrize(
    ("seconds", "nanos", "read"),
    [(-5, 0, None), (0, -1, None), (0, 0, None), (2, 500_000_000, 2.5), (2**62, 0, 2.0**62)],
)
def test_delays_that_nobody_can_wait_for(code, seconds, nanos, read):
    hint = error_details_pb2.RetryInfo()
    hint.retry_delay.seconds, hint.retry_delay.nanos = seconds, nanos
    status = status_pb2.Status()
    status.details.add().Pack(hint)
    error = decode_status(code, "later", status.SerializeToString())
    assert isinstance(error, errors.Busy | errors.Unavailable)
    assert error.retry_after == read


@pytest.mark.parametrize("status", [302, 418, 599])
def test_statuses_that_lossgrad_never_sends(status):
    assert isinstance(decode_problem_details(status, None), errors.Internal)


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ("", ""),
        ("labels", "/labels"),
        ("scores[3][1]", "/scores/3/1"),
        ("scores.shape[0]", "/scores/shape/0"),
        ("a/b~c", "/a~1b~0c"),
        ("3", "/3"),
    ],
)
def test_pointers(field, pointer):
    assert to_pointer(field) == pointer
    assert to_field(pointer) == field


TEXTS = st.text() | st.text('"\\/~')
VIOLATIONS = st.lists(st.builds(Violation, TEXTS, TEXTS), min_size=1, max_size=20)


@given(TEXTS, st.integers(3, 100))
def test_fit(text, limit):
    fitted = fit(text, limit)
    assert size_of(fitted) <= limit
    assert fitted == text or not text.isprintable() or size_of(text) > limit


@given(VIOLATIONS, st.integers(1, 300))
def test_errors_always_fit(violations, stretch):
    long = [Violation(v.field * stretch, v.detail * stretch) for v in violations]
    error = InvalidArgument.of(long)
    status = encode_status(error)
    assert len(status.message.encode()) <= 1024
    assert len(status.details) <= 4096
    assert len(json.dumps(encode_problem_details(error), ensure_ascii=False).encode()) <= 4096
    assert len(over_grpc(error).violations) == len(error.violations)


def test_short_violations_stay_whole_beside_long_ones():
    short = [Violation("reg", "must be a finite number ≥ 0")] * 19
    fitted = fit_violations([Violation("labels", "x" * 9000), *short])
    assert fitted[1:] == short
    assert 800 < len(fitted[0].detail) <= 1024
    assert fitted[0].detail.endswith("…")
