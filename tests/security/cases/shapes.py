"""Shapes that are none, that do not fit their data, or that do not fit each other."""

from __future__ import annotations

import numpy as np

from tests.security.forms import Tensor
from tests.security.good import CALL, LABELS
from tests.security.rows import (
    BASE64,
    CLIENT,
    GRPC,
    LISTS,
    STREAM,
    TOO_LARGE,
    Row,
    as_tensors,
    everywhere,
    in_base64,
    in_python,
    protobuf,
    without,
)

SIX = bytes(24)
"""The data of 2 × 3 scores of f32."""


def scores(shape, data=SIX, field="scores.shape", dtype="f32"):
    return as_tensors(CALL | {"scores": Tensor(dtype, shape, data)}, field)


def json_scores(shape, field="scores.shape"):
    return in_base64(CALL | {"scores": Tensor("f32", shape, SIX)}, field)


def payload(data):
    """Data of another size; only a stream finds out where it ends."""
    return without(scores([2, 3], data, "scores.data"), STREAM)


LAYERS = {
    "h1": np.ones((2, 4)),
    "w2": np.ones((4, 3)),
    "labels": LABELS,
}
TALL = {
    "h1": np.ones((4096, 1), np.float32),
    "w2": np.ones((1, 4096), np.float32),
    "labels": np.zeros(4096, np.int64),
    "want": ["dscores"],
}
HUGE = {
    "scores": Tensor("f32", [10**9, 10**6], bytes(8)),
    "labels": Tensor("i64", [10**9], bytes(8)),
}

ROWS: dict[str, Row] = {
    "a product that wraps to the data's size": scores([2**4, 2**60 + 2], bytes(256), dtype="f64"),
    "a product of three that wraps": scores([2**32, 2**32, 6]),
    "a product just beyond 64 bits": scores([2**62, 2]),
    "an empty axis beside huge ones": scores([0, 2**62, 3], b""),
    "two negative extents": scores([-2, -3], field="scores.shape[0]"),
    "minus one, as for reshape": scores([-1, 3], field="scores.shape[0]"),
    "minus one last": scores([2, -1], field="scores.shape[1]"),
    "the least integer": scores([-(2**63), 3], field="scores.shape[0]"),
    "the largest integer": scores([2**63 - 1]),
    "no classes": scores([2, 0], b"", "scores"),
    "no axes": scores([], bytes(4), "scores"),
    "33 axes": scores([1] * 32 + [6]),
    "60,000 axes": scores([1] * 60_000, bytes(4)),
    "2 GB of axes in few bytes": protobuf(b"\x0a\x0a\x08\x03\x12\xff\xff\xff\xff\x07\x01\x01", ""),
    "2^63": json_scores([2**63, 3]),
    "2^64 + 2": json_scores([2**64 + 2, 3]),
    "floats": json_scores([2.0, 3.0], "scores.shape[0]"),
    "strings": json_scores(["2", "3"], "scores.shape[0]"),
    "bools": json_scores([True, 6], "scores.shape[0]"),
    "null as an extent": json_scores([None, 6], "scores.shape[0]"),
    "lists in lists": json_scores([[2], [3]], "scores.shape[0]"),
    "a number": json_scores(6),
    "an object": json_scores({"0": 6}),
    "null": json_scores(None),
    "10^9 × 10^6 with eight bytes": without(as_tensors(HUGE, "scores.data"), STREAM),
    "10^9 × 10^6 declared": without(as_tensors(HUGE, "max_tensor_bytes", TOO_LARGE), GRPC, BASE64),
    "small h1 and w2 with a huge product": without(
        everywhere(TALL, "max_response_bytes", TOO_LARGE), STREAM, CLIENT
    ),
    "small h1 and w2 with a huge product, streamed": without(
        everywhere(TALL, "max_tensor_bytes", TOO_LARGE), GRPC, LISTS, BASE64
    ),
    "data too short": payload(SIX[:-4]),
    "data too long": payload(SIX + bytes(4)),
    "data twice": payload(SIX * 2),
    "no data": payload(b""),
    "data that parts an item": payload(SIX[:-1]),
    "data of another dtype": payload(bytes(48)),
    "base64 without its padding": in_base64(
        CALL | {"scores": Tensor("f32", [1, 1], "AAAAAA")}, "scores.data"
    ),
    "too few labels": everywhere(CALL | {"labels": LABELS[:1]}, "labels"),
    "labels with the axes of scores": everywhere(CALL | {"labels": LABELS[:, None]}, "labels"),
    "a label without axes": everywhere(CALL | {"labels": np.array(0)}, "labels"),
    "transposed w2": everywhere(LAYERS | {"w2": LAYERS["w2"].T}, "w2"),
    "w2 with leading axes": everywhere(LAYERS | {"w2": LAYERS["w2"][None]}, "w2"),
    "b2 as a column": everywhere(LAYERS | {"b2": np.ones((3, 1))}, "b2"),
    "b2 of one class for all": everywhere(LAYERS | {"b2": np.ones(1)}, "b2"),
    "too few class weights": everywhere(CALL | {"class_weights": np.ones(2)}, "class_weights"),
    "sample weights as a row": everywhere(
        CALL | {"sample_weights": np.ones((1, 2))}, "sample_weights"
    ),
    "targets of fewer classes": everywhere(
        {"scores": CALL["scores"], "targets": np.ones((2, 1))}, "targets"
    ),
    "ragged lists in Python": in_python(CALL | {"scores": [[1.0, 2.0], [3.0]]}, "scores"),
    "33 axes in Python": in_python(
        {"scores": np.zeros((1,) * 32 + (6,)), "labels": np.zeros((1,) * 32, int)}, "scores"
    ),
}
