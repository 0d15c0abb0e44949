"""A caller's own numbers that are no arrays, or not of what it sent; the problem is good."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from lossgrad.v1 import lossgrad_pb2 as pb
from tests.security.forms import Tensor, as_tensor, in_base64, lists, tensor, unary
from tests.security.good import CALL
from tests.security.rows import BASE64, CLIENT, GRPC, JSON, LISTS, Body, Row

SIX = bytes(24)
"""The data of 2 × 3 entries of f32."""

_PROBLEM = pb.ComputeRequest.FromString(unary(CALL))


def message(own: Any) -> bytes:
    """Return a CheckGradientsRequest with these arrays as the caller's own."""
    gradients = pb.OwnGradients(**{name: tensor(value) for name, value in own.items()})
    return pb.CheckGradientsRequest(problem=_PROBLEM, gradients=gradients).SerializeToString()


def document(own: Any, write: Any) -> Body:
    """Return the body with these as the caller's own, each as `write` has an array."""
    return text(write(own).decode())


def text(own: str) -> Body:
    """Return the body with this text as the caller's own."""
    return Body(f'{lists(CALL).decode()[:-1]}, "gradients": {own}}}'.encode(), JSON)


def everywhere(own: Any, field: str) -> Row:
    """Return the row of arrays that every endpoint can be given."""
    sent = {
        GRPC: message(own),
        LISTS: document(own, lists),
        CLIENT: CALL | {"gradients": own},
    }
    return Row(f"gradients.{field}", sent)


def as_tensors(own: Tensor, field: str, name: str = "dscores") -> Row:
    """Return the row of an array that only protobuf and base64 can say."""
    dtype, shape, data = as_tensor(own)
    array = json.loads(in_base64({name: Tensor(dtype, shape, data)}))[name]
    sent = {GRPC: message({name: own}), BASE64: text(json.dumps({name: array}))}
    return Row(f"gradients.{name}{field}", sent)


def in_json(own: str, field: str) -> Row:
    """Return the row of what only JSON can say."""
    return Row(field, {LISTS: text(own)})


ROWS: dict[str, Row] = {
    "of weights that were not sent": everywhere({"dw2": np.ones((2, 3))}, "dw2"),
    "of targets that were not sent": everywhere({"dtargets": np.ones((2, 3))}, "dtargets"),
    "data that is short": as_tensors(Tensor("f32", [2, 3], SIX[1:]), ".data"),
    "data that is long": as_tensors(Tensor("f32", [2, 3], SIX + b"1"), ".data"),
    "no data": as_tensors(Tensor("f64", [1], b""), ".data"),
    "33 axes": as_tensors(Tensor("f32", [1] * 33, bytes(4)), ".shape"),
    "a negative extent": as_tensors(Tensor("f32", [-2, 3], SIX), ".shape[0]"),
    "a shape beyond any memory": as_tensors(Tensor("f32", [2**40, 2**40], SIX), ".shape"),
    "a product that wraps": as_tensors(Tensor("f64", [2**32, 2**32, 6], SIX), ".shape"),
    "integers that float64 rounds": as_tensors(Tensor("i64", [3], b"\x7f" * 24), ""),
    "such a one as the loss": as_tensors(Tensor("u64", [], b"\xff" * 8), "", "loss"),
    "the least of integers": as_tensors(Tensor("i64", [1], bytes(7) + b"\x80"), "", "probs"),
    "a dtype that there is not": Row(
        "gradients.dscores.dtype", {GRPC: message({"dscores": Tensor(99, [2, 3], SIX)})}
    ),
    "a dtype in other words": Row(
        "gradients.dScores.dtype",
        {
            BASE64: text(
                '{"dScores": {"shape": [1], "dtype": "float32", "encoding": "base64", '
                '"data": "AAAAAA=="}}'
            )
        },
    ),
    "a list": in_json("[1, 2]", "gradients"),
    "a number": in_json("1", "gradients"),
    "a text": in_json('"all"', "gradients"),
    "a name that there is not": in_json('{"dscore": [1]}', "gradients.dscore"),
    "an input's name": in_json('{"scores": [[1, 2, 3]]}', "gradients.scores"),
    "a name of Python's": in_json('{"__class__": 1}', "gradients.__class__"),
    "a name of 1 MB": in_json(f'{{"{"k" * 10**6}": 1}}', ""),
    "20,000 names": in_json(
        "{" + ", ".join(f'"k{n}": 1' for n in range(20_000)) + "}", "gradients.k0"
    ),
    "both spellings": in_json('{"dscores": [1], "dScores": [1]}', "gradients.dScores"),
    "a name twice": in_json('{"dScores": [1], "dScores": [1]}', ""),
    "a key twice in an array": in_json('{"dScores": {"shape": [1], "shape": [1]}}', ""),
    "ragged lists": in_json('{"dScores": [[1, 2], [3]]}', "gradients.dScores[1]"),
    "a text among numbers": in_json('{"dScores": [[1, "2"]]}', "gradients.dScores[0][1]"),
    "a boolean among numbers": in_json('{"dScores": [[1, true]]}', "gradients.dScores[0][1]"),
    "lists in lists in lists": in_json('{"dScores": ' + "[" * 50_000 + "]" * 50_000 + "}", ""),
    "objects in objects": in_json('{"a":' * 20_000 + "1" + "}" * 20_000, ""),
}
