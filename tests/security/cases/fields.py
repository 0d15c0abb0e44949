"""Fields that are missing, too many, unknown, repeated, nested or no fields at all."""

from __future__ import annotations

import numpy as np

from lossgrad.v1 import lossgrad_pb2 as pb
from tests.security.forms import unary
from tests.security.good import CALL, LABELS, SCORES, SENT
from tests.security.rows import (
    BASE64,
    CLIENT,
    GRPC,
    JSON,
    LISTS,
    OVER_GRPCS_LIMIT,
    STREAM,
    TOO_LARGE,
    Body,
    Row,
    body,
    everywhere,
    in_python,
    protobuf,
    without,
)

GOOD = unary(CALL)
SCORES_FIELD = pb.ComputeRequest(scores=pb.ComputeRequest.FromString(GOOD).scores)
HIDDEN = {"h1": np.ones((2, 2)), "w2": np.ones((2, 3)), "labels": LABELS}
DEEP = 50_000

WIDE = {"scores": np.zeros((2, 40_000)), "labels": LABELS, "want": ["dscores", "probs"]}
WIDER = WIDE | {"scores": np.zeros((2, 70_000))}


def number(name, value):
    """An option as a number of its enum that the contract does not have."""
    message = pb.ComputeRequest.FromString(GOOD)
    setattr(message, name, value)
    return protobuf(message.SerializeToString(), name)


def wanting(*numbers):
    return protobuf(GOOD + pb.ComputeRequest(want=numbers).SerializeToString(), "want")


def json_keys(keys, field):
    """Unknown keys beside those of a good call."""
    members = b"".join(b"," + key + b":1" for key in keys)
    row = body(SENT[LISTS].content[:-1] + members + b"}", field)
    return Row(field, {**row.sent, BASE64: Body(SENT[BASE64].content[:-1] + members + b"}", JSON)})


ROWS: dict[str, Row] = {
    "nothing": everywhere({}, "labels"),
    "labels and targets": everywhere(CALL | {"targets": np.ones((2, 3))}, "targets"),
    "neither labels nor targets": everywhere({"scores": SCORES}, "labels"),
    "labels alone": everywhere({"labels": LABELS}, "scores"),
    "h1 without w2": everywhere({"h1": np.ones((2, 2)), "labels": LABELS}, "w2"),
    "x and h1": everywhere(HIDDEN | {"x": np.ones((2, 2)), "w1": np.ones((2, 2))}, "x"),
    "b1 without w1": everywhere(CALL | {"b1": np.ones(2)}, "w1"),
    "dx without x": everywhere(CALL | {"want": ["dx"]}, "want"),
    "dtargets of labels": everywhere(CALL | {"want": ["dtargets"]}, "want"),
    "an answer over the limit": without(
        everywhere(WIDE, "max_response_bytes", TOO_LARGE), STREAM, CLIENT
    ),
    "a row's answer over the limit": without(
        everywhere(WIDER, "max_response_bytes", TOO_LARGE), GRPC, LISTS, BASE64
    ),
    "an unknown argument": in_python(CALL | {"logits": SCORES}, "logits"),
    "an argument's name that is long": in_python(CALL | {"x" * 10**6: 1}, ""),
    "want as a text": in_python(CALL | {"want": "loss"}, "want"),
    "an empty want": in_python(CALL | {"want": []}, "want"),
    "5,000 wanted": wanting(*[1] * 5000),
    "nothing of the contract wanted": wanting(99),
    "negative numbers wanted": wanting(-1, -(2**31)),
    "an unset output wanted": wanting(0),
    **{
        f"a number that {name} does not have": number(name, value)
        for name, value in [
            ("loss", 99),
            ("reduction", -1),
            ("reg_convention", 2**31 - 1),
            ("nonfinite", 4),
            ("empty_mean", -(2**31)),
            ("gradient_dtype", 13),
            ("gradient_dtype", 8),
        ]
    },
    "scores in two parts that are merged": protobuf(
        SCORES_FIELD.SerializeToString() + GOOD, "scores"
    ),
    "an unknown field of 1 MB": protobuf(GOOD + b"\xa2\x3f\x80\x80\x40" + bytes(2**20), ""),
    "200,000 unknown fields": protobuf(GOOD + b"\xa0\x3f\x01" * 200_000, ""),
    "padding with no end": protobuf(GOOD[:-1] + b"\x22\xff\xff\xff\x7f", ""),
    "groups in groups": protobuf(GOOD + b"\xa3\x3f" * DEEP + b"\xa4\x3f" * DEEP, ""),
    "a group with no end": protobuf(GOOD + b"\xa3\x3f\x08\x01", ""),
    "an end without a group": protobuf(GOOD + b"\xa4\x3f", ""),
    "a field with the number 0": protobuf(GOOD + b"\x00\x01", ""),
    "the wire type 6": protobuf(GOOD + b"\x0e\x01", ""),
    "the wire type 7": protobuf(GOOD + b"\x0f\x01", ""),
    "scores as a number": protobuf(b"\x08\x01", "labels"),
    "a number that does not end": protobuf(GOOD + b"\x80", ""),
    "a number of eleven bytes": protobuf(GOOD + b"\x80\x01" + b"\xff" * 10 + b"\x01", ""),
    "a tag of six bytes": protobuf(GOOD + b"\xff" * 5 + b"\x01", ""),
    "a length beyond the end": protobuf(GOOD + b"\x0a\x7f", ""),
    "a length of 4 GB": protobuf(b"\x0a\xff\xff\xff\xff\x0f", ""),
    "a length beyond 64 bits": protobuf(b"\x0a" + b"\xff" * 9 + b"\x7f", ""),
    "text for a message": protobuf(b"GET / HTTP/1.1\r\n\r\n", ""),
    "JSON for a message": protobuf(SENT[LISTS].content, ""),
    "a message over the limit": Row(
        "", {GRPC: bytes(2**21 + 1), STREAM: [bytes(2**21 + 1)]}, OVER_GRPCS_LIMIT
    ),
    "a body over the limit": body(b" " * (2**21 + 1), "max_request_bytes", TOO_LARGE),
    "an unknown key": json_keys([b'"logits"'], "logits"),
    "an output's key": json_keys([b'"dScores"'], "dScores"),
    "a key of Python's": json_keys([b'"__class__"'], "__class__"),
    "a key of 1 MB": json_keys([b'"' + b"k" * 10**6 + b'"'], ""),
    "a key with a line break": json_keys([rb'"a\nERROR forged"'], ""),
    "a key with a NUL": json_keys([rb'"a\u0000"'], ""),
    "a key of quotes": json_keys([b'"' + rb"\"" * 1000 + b'"'], ""),
    "many keys of quotes": json_keys([b'"' + rb"\"" * n + b'"' for n in range(60, 90)], ""),
    "many keys of slashes and tildes": json_keys(
        [b'"' + b"/~" * n + b'"' for n in range(30, 60)], ""
    ),
    "a key of two directions": json_keys(['"a\u202eb"'.encode()], ""),
    "an empty key": json_keys([b'""'], ""),
    "20,000 unknown keys": json_keys([b'"k%d"' % n for n in range(20_000)], "k0"),
}
