"""The same mistake is the same field and the same words over gRPC and over HTTP."""

from __future__ import annotations

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from lossgrad.codecs.pointers import to_field
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.service.web import check, compute

MISTAKES = {
    "label": {"labels": [2, 3]},
    "too few labels": {"labels": [2]},
    "smoothing": {"label_smoothing": 1.5},
    "temperature": {"temperature": -1.0},
    "margin": {"margin": 0.5},
    "denominator": {"denominator": 0.0},
    "reg without weights": {"reg": 1.0},
    "ignore_index": {"label_smoothing": -0.5, "z_loss": -1.0},
    "mask on the label": {"scores": [[1, 2, "-Infinity"], [0, 0, 0]]},
    "want": {"want": ["dx"]},
}


def over_http(running, mistake, post=compute):
    document = {"scores": [[1, 2, 3], [0, 0, 0]], "labels": [2, 0]} | mistake
    answer = post(running.http, document)
    assert answer.status == 400
    return [(to_field(e["pointer"]), e["detail"]) for e in answer.json["errors"]]


def request_of(mistake):
    scores = mistake.get("scores", [[1, 2, 3], [0, 0, 0]])
    labels = np.array(mistake.get("labels", [2, 0]), "<i8")
    s = np.array([[float(entry) for entry in row] for row in scores], "<f8")
    options = {k: v for k, v in mistake.items() if k not in ("scores", "labels", "want")}
    return pb.ComputeRequest(
        scores=pb.Tensor(dtype=pb.DTYPE_F64, shape=s.shape, data=s.tobytes()),
        labels=pb.Tensor(dtype=pb.DTYPE_I64, shape=labels.shape, data=labels.tobytes()),
        want=[pb.Output.Value(f"OUTPUT_{name.upper()}") for name in mistake.get("want", [])],
        **options,
    )


def over_grpc(channel, method, request):
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(f"/lossgrad.v1.LossGradService/{method}")(request.SerializeToString())
    found = error_details_pb2.BadRequest()
    rpc_status.from_call(caught.value).details[0].Unpack(found)
    return [(v.field, v.description) for v in found.field_violations]


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_same_words(running, channel, mistake):
    found = over_http(running, mistake)
    assert found
    assert found == over_grpc(channel, "Compute", request_of(mistake))


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_same_words_of_a_check(running, channel, mistake):
    found = over_http(running, mistake, check)
    assert found
    request = pb.CheckGradientsRequest(problem=request_of(mistake))
    assert found == over_grpc(channel, "CheckGradients", request)


@pytest.mark.parametrize(("name", "spelling"), [("dw2", "dW2"), ("dtargets", "dTargets")])
def test_same_words_of_ones_own_numbers(running, channel, name, spelling):
    one = pb.Tensor(dtype=pb.DTYPE_F64, shape=[1], data=bytes(8))
    own = pb.OwnGradients(**{name: one})
    request = pb.CheckGradientsRequest(problem=request_of({}), gradients=own)
    mistake = {"gradients": {spelling: [0]}}
    assert over_http(running, mistake, check) == over_grpc(channel, "CheckGradients", request)


WRONG_TYPES = {
    "label_smoothing": ["1", True, [], {}, "NaN"],
    "temperature": ["1", False, [1]],
    "ignore_index": [1.0, "1", True, 2**63],
    "loss": ["SOFTMAX", 1, ["softmax"]],
    "want": ["loss", [], {"loss": 1}],
    "gradient_dtype": ["float32", "i64", 4],
    "encoding": ["hex", 1, True],
    "nope": [1],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG_TYPES.items() for value in values],
)
def test_json_is_not_coerced(running, name, value):
    [(field, _)] = over_http(running, {name: value})
    assert field == name


@pytest.mark.parametrize("entry", [1, "nope", ["loss"]])
def test_a_wrong_entry_of_want_is_named_by_its_index(running, entry):
    [(field, _)] = over_http(running, {"want": ["loss", entry]})
    assert field == "want[1]"


def test_null_is_the_same_as_left_out(running):
    document = {"scores": [[1, 2, 3]], "labels": [2]}
    nulls = dict.fromkeys(["h1", "loss", "reg", "ignore_index", "want", "encoding"])
    assert compute(running.http, document | nulls).json == compute(running.http, document).json


@pytest.mark.parametrize(
    ("array", "field"),
    [
        ([[1, 2, 3], [0, 0]], "scores[1]"),
        ([[1, 2, 3], [0, "x", 0]], "scores[1][1]"),
        ([[1, 2, 3], [0, True, 0]], "scores[1][1]"),
        ({"shape": [2, 3], "dtype": "f32", "encoding": "base64", "data": "AAAA"}, "scores.data"),
        ({"shape": [2, -3], "dtype": "f32", "encoding": "base64", "data": ""}, "scores.shape[1]"),
    ],
)
def test_wrong_entry_is_named(running, array, field):
    assert [found for found, _ in over_http(running, {"scores": array})] == [field]
