"""What the server refuses by itself, from callers who have no client to check for them."""

from __future__ import annotations

import json
from typing import Any

import grpc
import numpy as np
import pytest
import urllib3
from google.rpc import error_details_pb2, status_pb2

from lossgrad.types.dtypes import to_name
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.behaviour import refused
from tests.behaviour.refused import HIDDEN, ROWS, SCORES, TARGETS, changed

Answer = tuple[Any, dict[str, str]]
"""A status, and what is wrong by field."""

PATH = "/lossgrad.v1.LossGradService/Compute"
JSON_TYPE = {"Content-Type": "application/json"}
WORDS = {
    "loss": "LOSS",
    "reduction": "REDUCTION",
    "reg_convention": "REG_CONVENTION",
    "nonfinite": "NONFINITE_POLICY",
    "empty_mean": "EMPTY_MEAN",
}

VALUES = {
    "label too large": (ROWS | {"labels": [0, 1, 7, 2]}, "labels", ["row 2 has 7", "[0, 3)"]),
    "negative label": (ROWS | {"labels": [0, -1, 1, 2]}, "labels", ["row 1 has -1"]),
    "negative target": (
        {"scores": SCORES, "targets": changed(TARGETS, (2, 1), -0.5)},
        "targets",
        ["2", "1", "-0.5"],
    ),
    "nan score": (ROWS | {"scores": changed(SCORES, (3, 1), np.nan)}, "scores", ["3", "1", "nan"]),
    "infinite h1": (HIDDEN | {"h1": changed(HIDDEN["h1"], (1, 1), np.inf)}, "h1", ["1", "inf"]),
    "nan weight": (ROWS | {"sample_weights": [1.0, np.nan, 1, 1]}, "sample_weights", ["1", "nan"]),
    "no classes": ({"scores": np.zeros((2, 0)), "labels": [0, 0]}, "scores", ["0"]),
    "scalar scores": ({"scores": np.array(1.0), "labels": np.array(0)}, "scores", []),
}
NUMBERS = {
    f"{name} {value}": (HIDDEN | {name: value}, name, [str(value)])
    for name, value in [
        ("denominator", 0.0),
        ("label_smoothing", 1.5),
        ("label_smoothing", -0.5),
        ("temperature", 0.0),
        ("temperature", -1.0),
        ("softcap", 0.0),
        ("z_loss", -0.25),
        ("margin", -2.0),
        ("reg", -0.125),
    ]
}
CASES = refused.PRESENCE | VALUES | NUMBERS | refused.length_cases()


def as_json(value):
    """Return a value as JSON has it: nested lists, and words for numbers that it lacks."""
    if isinstance(value, np.ndarray | np.generic):
        return as_json(value.tolist())
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    if isinstance(value, float) and not np.isfinite(value):
        return {np.inf: "Infinity", -np.inf: "-Infinity"}.get(value, "NaN")
    return value


def as_proto(arguments):
    message = pb.ComputeRequest()
    for name, value in arguments.items():
        if name == "want":
            message.want.extend([pb.Output.Value(f"OUTPUT_{each.upper()}") for each in value])
        elif name in WORDS:
            setattr(message, name, f"{WORDS[name]}_{value.upper()}")
        elif isinstance(value, np.ndarray | list):
            getattr(message, name).CopyFrom(as_tensor(np.asarray(value)))
        else:
            setattr(message, name, value)
    return message


def as_tensor(array):
    dtype = pb.Dtype.Value(f"DTYPE_{to_name(array.dtype).upper()}")
    return pb.Tensor(dtype=dtype, shape=array.shape, data=array.tobytes())


@pytest.fixture(scope="module")
def http(addresses):
    url = addresses["HTTP"] + "/v1/compute"
    with urllib3.PoolManager() as pool:

        def post(arguments) -> Answer:
            body = json.dumps({name: as_json(value) for name, value in arguments.items()})
            reply = pool.request("POST", url, body=body, headers=JSON_TYPE)
            document = reply.json()
            if reply.status == 200:
                return reply.status, document
            assert reply.headers["Content-Type"] == "application/problem+json"
            assert document["status"] == reply.status
            return reply.status, {e["pointer"]: e["detail"] for e in document["errors"]}

        yield post


@pytest.fixture(scope="module")
def rpc(addresses):
    with grpc.insecure_channel(addresses["gRPC"]) as channel:
        call = channel.unary_unary(
            PATH,
            request_serializer=pb.ComputeRequest.SerializeToString,
            response_deserializer=pb.ComputeResponse.FromString,
        )

        def send(message) -> Answer:
            try:
                return grpc.StatusCode.OK, {"loss": call(message, timeout=30).loss}
            except grpc.RpcError as error:
                return error.code(), violations_of(error)

        yield send


def violations_of(error):
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    details = error_details_pb2.BadRequest()
    assert [detail.Unpack(details) for detail in status.details].count(True) == 1
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    return {violation.field: violation.description for violation in details.field_violations}


def assert_named(found, field, words):
    assert field in found
    for word in words:
        assert str(word) in found[field]


@pytest.mark.parametrize("case", CASES)
def test_over_json(http, case):
    arguments, field, words = CASES[case]
    status, found = http(arguments)
    assert status == 400
    assert_named({name.lstrip("/"): text for name, text in found.items()}, field, words)
    assert http(refused.HEALTHY)[0] == 200


@pytest.mark.parametrize("case", CASES)
def test_over_grpc(rpc, case):
    arguments, field, words = CASES[case]
    status, found = rpc(as_proto(arguments))
    assert status == grpc.StatusCode.INVALID_ARGUMENT
    assert_named(found, field, words)
    assert rpc(as_proto(refused.HEALTHY))[0] == grpc.StatusCode.OK


@pytest.mark.parametrize("name", [*WORDS, "gradient_dtype"])
def test_number_of_no_enum(rpc, name):
    message = as_proto(refused.HEALTHY)
    setattr(message, name, 99)
    status, found = rpc(message)
    assert status == grpc.StatusCode.INVALID_ARGUMENT
    assert "99" in found[name]


def test_number_of_no_output(rpc):
    message = as_proto(refused.HEALTHY)
    message.want.append(99)
    status, found = rpc(message)
    assert status == grpc.StatusCode.INVALID_ARGUMENT
    (field,) = found
    assert field.startswith("want")
    assert "99" in found[field]


TENSORS = {
    "too few bytes": (pb.Tensor(dtype=pb.DTYPE_F64, shape=[1, 2], data=bytes(15)), ["15", "16"]),
    "too many bytes": (pb.Tensor(dtype=pb.DTYPE_F32, shape=[1, 2], data=bytes(12)), ["12", "8"]),
    "no dtype": (pb.Tensor(shape=[1, 2], data=bytes(16)), []),
    "no such dtype": (pb.Tensor(dtype=77, shape=[1, 2], data=bytes(16)), ["77"]),
    "integer dtype": (pb.Tensor(dtype=pb.DTYPE_I32, shape=[1, 2], data=bytes(8)), ["f64", "int32"]),
    "negative extent": (pb.Tensor(dtype=pb.DTYPE_F64, shape=[-1, 2], data=b""), ["-1"]),
    "product that wraps": (pb.Tensor(dtype=pb.DTYPE_F64, shape=[2**61, 8], data=b""), []),
    "too many axes": (pb.Tensor(dtype=pb.DTYPE_F64, shape=[1] * 33, data=bytes(8)), ["33", "32"]),
}


@pytest.mark.parametrize("case", TENSORS)
def test_tensor_that_is_none(rpc, case):
    tensor, words = TENSORS[case]
    message = as_proto(refused.HEALTHY)
    message.scores.CopyFrom(tensor)
    status, found = rpc(message)
    assert status == grpc.StatusCode.INVALID_ARGUMENT
    field = next(name for name in found if name.startswith("scores"))
    for word in words:
        assert word in found[field]


JSON = {
    "unknown name": ({"scroes": 1}, "/scroes"),
    "text for scores": ({"scores": "many"}, "/scores"),
    "text among scores": ({"scores": [[0.0, "x"]]}, "/scores/0/1"),
    "ragged scores": ({"scores": [[0.0, 1.0], [2.0]]}, "/scores"),
    "null among scores": ({"scores": [[0.0, None]]}, "/scores/0/1"),
    "bool among scores": ({"scores": [[0.0, True]]}, "/scores/0/1"),
    "fractional label": ({"labels": [0.5]}, "/labels"),
    "no such loss": ({"loss": "squared"}, "/loss"),
    "text for a number": ({"temperature": "hot"}, "/temperature"),
    "bool for a number": ({"reg": True}, "/reg"),
    "no such output": ({"want": ["dscore"]}, "/want"),
    "nothing wanted": ({"want": []}, "/want"),
    "infinite number": ({"temperature": "Infinity"}, "/temperature"),
}


@pytest.mark.parametrize("case", JSON)
def test_json_that_means_nothing(http, case):
    wrong, pointer = JSON[case]
    status, found = http(refused.HEALTHY | wrong)
    assert status == 400
    assert any(name.startswith(pointer) for name in found), found


def test_lists_give_the_bits_of_grpc(http, clients):
    """float64 numbers survive JSON's decimal digits both ways."""
    arguments = HIDDEN | {"reg": 0.1, "want": ["loss", "dscores", "dw2", "db2", "dh1"]}
    status, document = http(arguments)
    assert status == 200
    result = clients["grpc"].compute(**arguments)
    assert document["loss"] == result.loss
    spellings = {"dscores": "dScores", "dw2": "dW2", "db2": "db2", "dh1": "dH1"}
    for name, spelling in spellings.items():
        assert document[spelling] == result.arrays[name].tolist()
