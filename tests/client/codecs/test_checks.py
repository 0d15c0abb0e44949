"""Checks as protobuf messages and as JSON: requests both ways, and what was found."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad.codecs import enums, json_checks, proto_checks, tensors
from lossgrad.codecs.base64_arrays import to_object
from lossgrad.codecs.check_parts import TRAVELLING
from lossgrad.codecs.json_text import to_text
from lossgrad.errors import Internal, InvalidArgument
from lossgrad.types import Check
from lossgrad.types.check import CHECKABLE
from lossgrad.types.check_parts import Comparison, Diagnosis, Entry, Verification
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.client.codecs.rewriting import damaged, rewritten
from tests.client.drawing import check_requests, same_check_request

SCORES = pb.Tensor(dtype="DTYPE_F32", shape=[1, 2], data=bytes(8))
PROBLEM = pb.ComputeRequest(
    scores=SCORES, labels=pb.Tensor(dtype="DTYPE_I64", shape=[1], data=bytes(8))
)
DOCUMENT = {"scores": [[1, 2]], "labels": [0]}

_SIZES = st.integers(0, 2**63 - 1)
_SHAPES = st.lists(_SIZES, max_size=3).map(tuple)
_NAMES = st.sampled_from(CHECKABLE)
_BANDS = st.sampled_from(["good", "suspicious", "wrong"])
_ENTRIES = st.builds(Entry, _SHAPES, st.floats(), st.floats(), st.floats())
_WORST = st.lists(_ENTRIES, max_size=2).map(tuple)
_COMPARISONS = st.builds(
    Comparison, _NAMES, _BANDS, st.floats(), _SIZES, _SIZES, _SHAPES, _SHAPES, _WORST
)
_VERIFICATIONS = st.builds(Verification, _NAMES, _BANDS, st.floats(), _SIZES)
_FINDINGS = st.builds(Diagnosis, st.text(max_size=5), _NAMES, st.text(max_size=5))
CHECKS = st.builds(
    Check,
    *[st.floats()] * 5,
    *[_SIZES] * 2,
    st.lists(_COMPARISONS, max_size=3).map(tuple),
    st.lists(_VERIFICATIONS, max_size=3).map(tuple),
    st.lists(_FINDINGS, max_size=3).map(tuple),
    st.just({"compute": 1.0}),
)


def violations(decode, sent):
    with pytest.raises(InvalidArgument) as caught:
        decode(sent)
    return {violation.field: violation.detail for violation in caught.value.violations}


def refused_message(own=(), **fields):
    message = pb.CheckGradientsRequest(problem=PROBLEM, gradients=pb.OwnGradients(**dict(own)))
    message.problem.MergeFrom(pb.ComputeRequest(**fields))
    return violations(proto_checks.decode_check_request, message.SerializeToString())


def refused_document(**members):
    return violations(json_checks.check_request_from_json, DOCUMENT | members)


def test_messages_have_the_names_of_the_types():
    pairs = [
        (Comparison, pb.Comparison),
        (Entry, pb.CheckEntry),
        (Verification, pb.Verification),
        (Diagnosis, pb.Diagnosis),
    ]
    assert [list(m.DESCRIPTOR.fields_by_name) for _, m in pairs] == [
        list(TRAVELLING[kind]) for kind, _ in pairs
    ]
    whole = [*TRAVELLING[Check], "ok", "diagnoses"]
    assert list(pb.CheckGradientsResponse.DESCRIPTOR.fields_by_name) == whole
    assert set(pb.OwnGradients.DESCRIPTOR.fields_by_name) == set(CHECKABLE)


def test_own_numbers_are_numbered_as_outputs_of_a_computation():
    answered = pb.ComputeResponse.DESCRIPTOR.fields_by_name
    own = pb.OwnGradients.DESCRIPTOR.fields_by_name
    assert all(field.number == answered[name].number for name, field in own.items())
    assert [field.json_name for field in own.values()] == [answered[n].json_name for n in own]


@given(check_requests())
def test_request_round_trip(request):
    back = proto_checks.decode_check_request(proto_checks.encode_check_request(request))
    assert same_check_request(back, request)


@given(check_requests())
def test_request_round_trip_in_json(request):
    body = json_checks.check_request_to_json(request)
    back = json_checks.check_request_from_json(json.loads(to_text(body)))
    assert same_check_request(back, request)


def stock_tensor(array):
    name, shape, data = tensors.pack_view(array)
    return pb.Tensor(dtype=enums.DTYPES.numbers[name], shape=shape, data=bytes(data))


@given(check_requests())
def test_stock_code_reads_our_request_and_we_read_its(request):
    message = pb.CheckGradientsRequest.FromString(proto_checks.encode_check_request(request))
    for name, array in request.own.items():
        getattr(message.gradients, name).ClearField("padding")
        assert getattr(message.gradients, name) == stock_tensor(array)
    for name, array in request.problem.inputs.items():
        getattr(message.problem, name).CopyFrom(stock_tensor(array))
    back = proto_checks.decode_check_request(message.SerializeToString())
    assert same_check_request(back, request)


@given(st.data())
def test_bytes_mean_what_they_mean_to_stock_code(data):
    request = data.draw(check_requests())
    plain = proto_checks.encode_check_request(request)
    sent = data.draw(st.one_of(rewritten(plain), damaged(plain)))
    try:
        ours = proto_checks.decode_check_request(sent)
    except InvalidArgument:
        return
    message = pb.CheckGradientsRequest.FromString(sent)  # a DecodeError would be a failure
    theirs = proto_checks.decode_check_request(message.SerializeToString())
    assert same_check_request(ours, theirs)


def test_a_request_in_parts_is_one():
    whole = pb.CheckGradientsRequest(
        problem=PROBLEM, gradients=pb.OwnGradients(loss=SCORES, dscores=SCORES)
    )
    parts = [
        pb.CheckGradientsRequest(gradients=pb.OwnGradients(dscores=SCORES)),
        pb.CheckGradientsRequest(problem=PROBLEM, gradients=pb.OwnGradients(loss=SCORES)),
        pb.CheckGradientsRequest(problem=pb.ComputeRequest(reduction="REDUCTION_MEAN")),
    ]
    decode = proto_checks.decode_check_request
    joined = decode(b"".join(part.SerializeToString() for part in parts))
    assert same_check_request(joined, decode(whole.SerializeToString()))


@given(CHECKS)
def test_check_round_trip(check):
    back = proto_checks.decode_check(proto_checks.encode_check(check), {"compute": 1.0})
    assert repr(back) == repr(check)


@given(CHECKS)
def test_check_round_trip_in_json(check):
    text = json.dumps(json_checks.check_to_json(check), allow_nan=False)
    assert repr(json_checks.check_from_json(json.loads(text), {"compute": 1.0})) == repr(check)


@given(CHECKS)
def test_strangers_read_the_verdict(check):
    message = pb.CheckGradientsResponse.FromString(proto_checks.encode_check(check))
    body = json_checks.check_to_json(check)
    assert message.ok == body["ok"] == check.ok
    assert tuple(message.diagnoses) == tuple(body["diagnoses"]) == check.diagnoses


def test_json_spells_quantities_and_numbers():
    entry = Entry((0, 1), math.nan, -math.inf, math.inf)
    comparison = Comparison("dw2", "wrong", math.inf, 2, 2, (1, 2), (2, 1), (entry,))
    check = Check(0.0, 0.0, 0.0, 0.0, 1.0, 1, 0, (comparison,), (), (), {})
    [told] = json.loads(json.dumps(json_checks.check_to_json(check)))["comparisons"]
    assert told["name"] == "dW2"
    assert told["max_relative_error"] == "Infinity"
    assert told["worst"] == [
        {"index": [0, 1], "theirs": "NaN", "ours": "-Infinity", "relative_error": "Infinity"}
    ]


@pytest.mark.parametrize("spelling", ["dscores", "dScores"])
def test_json_takes_either_spelling(spelling):
    body = DOCUMENT | {"gradients": {spelling: [[1, "NaN"]], "loss": 2, "probs": None}}
    own = json_checks.check_request_from_json(body).own
    assert list(own) == ["loss", "dscores"]
    assert own["loss"].shape == ()
    assert np.array_equal(own["dscores"], [[1, math.nan]], equal_nan=True)


def test_the_same_field_is_named_in_either_form():
    half = pb.Tensor(dtype="DTYPE_F32", shape=[1, 2], data=bytes(4))
    assert "has 4 bytes" in refused_message({"dscores": half})["gradients.dscores.data"]
    assert "gradients.dScores[1]" in refused_document(gradients={"dScores": [[1], 2]})
    beyond = np.array([[0, 2**53 + 1]], "<i8")
    whole = pb.Tensor(dtype="DTYPE_I64", shape=[1, 2], data=beyond.tobytes())
    assert "beyond ±2^53" in refused_message({"dscores": whole})["gradients.dscores"]
    coded = {"gradients": {"dScores": to_object(beyond)}}
    assert "beyond ±2^53" in refused_document(**coded)["gradients.dScores"]
    assert "needs h1 or x" in refused_message({"dw2": SCORES})["gradients.dw2"]
    assert "needs h1 or x" in refused_document(gradients={"dW2": [[1]]})["gradients.dw2"]


def test_everything_wrong_is_told_at_once():
    shape = pb.Tensor(dtype="DTYPE_F32", shape=[-1], data=b"")
    found = refused_message({"dscores": shape, "probs": shape}, label_smoothing=2)
    assert set(found) == {
        "gradients.dscores.shape[0]",
        "gradients.probs.shape[0]",
        "label_smoothing",
    }
    found = refused_document(gradients={"dScores": ["a"], "probs": True}, label_smoothing=2)
    assert set(found) == {"gradients.dScores[0]", "gradients.probs", "label_smoothing"}


@pytest.mark.parametrize("own", [[], "all", 3, {"dscore": [1]}, {"": 1}, {"dw2": [], "dW2": []}])
def test_what_is_no_gradients(own):
    assert any(field.startswith("gradients") for field in refused_document(gradients=own))


def test_gradients_that_are_no_object_are_refused_in_words_of_json():
    expected = {"gradients": "must be an object of arrays, got a list"}
    assert refused_document(gradients=[1]) == expected


def test_what_a_check_does_not_take():
    found = refused_message(want=["OUTPUT_LOSS"], gradient_dtype="DTYPE_F32")
    assert set(found) == {"want", "gradient_dtype"}
    assert set(refused_document(want=["loss"], gradient_dtype="f32")) == set(found)
    assert "encoding" in refused_document(encoding="hex")


@pytest.mark.parametrize(
    "sent", [b"\xff", b"\x0a\x7f", b"\x0a\x01\x08", b"\x12\x01\x0a", b"\x08\x01"]
)
def test_malformed_requests(sent):
    refused = violations(proto_checks.decode_check_request, sent)
    assert set(refused) in ({""}, {"scores", "labels"})


def test_too_much_beside_arrays():
    strangers = b"\xa0\x3f\x01" * 50_000
    assert "" in violations(proto_checks.decode_check_request, strangers)
    inner = pb.CheckGradientsRequest(problem=PROBLEM).SerializeToString()
    for tag in (b"\x0a", b"\x12"):
        sent = inner + tag + b"\xf0\x93\x09" + strangers
        assert "" in violations(proto_checks.decode_check_request, sent)


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff",
        pb.CheckGradientsResponse(verifications=[pb.Verification(name=99)]).SerializeToString(),
        pb.CheckGradientsResponse(comparisons=[pb.Comparison(name=1)]).SerializeToString(),
    ],
)
def test_answers_that_are_none(answer):
    with pytest.raises(Internal):
        proto_checks.decode_check(answer, {})


@pytest.mark.parametrize("answer", [None, [], {}, {"loss": "much"}, {"loss": 1, "comparisons": 1}])
def test_answers_that_are_none_in_json(answer):
    with pytest.raises(Internal):
        json_checks.check_from_json(answer, {})
