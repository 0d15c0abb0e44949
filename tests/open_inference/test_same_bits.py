"""A model's outputs are those of `compute`, bit for bit, however the arrays travel."""

from __future__ import annotations

import gzip
import json
import zlib

import numpy as np
import pytest
from hypothesis import strategies as st

from lossgrad.types import dtypes
from lossgrad.types.quantities import SCALARS, WANTABLE
from tests.behaviour import problems
from tests.behaviour.drawing import for_all
from tests.open_inference.ports import body

WAYS = {
    "gRPC raw": ("gRPC", {}),
    "gRPC typed": ("gRPC", {"is_typed": True}),
    "REST bytes": ("REST", {"is_binary": True}),
    "REST nested": ("REST", {"is_binary": False}),
    "REST flat": ("REST", {"is_binary": False, "is_flat": True}),
}
FLOATS = [
    (way, dtype)
    for way in WAYS
    for dtype in dtypes.FLOATS
    if way != "gRPC typed" or dtype not in ("f16", "bf16")
]
"""Half floats have no field of their own."""

SCORES = problems.labelled("scores", rows=7, classes=5)
LAYER = problems.labelled("h1", rows=7, classes=5)
NET = problems.labelled("x", rows=7, classes=5)
TARGETS = {"scores": SCORES["scores"], "targets": np.full((7, 5), 0.2)}
WEIGHED = {
    **SCORES,
    "class_weights": np.array([1.0, 2.0, 0.5, 1.0, 3.0]),
    "sample_weights": np.array([1.0, 0.0, 2.0, 1.0, 0.5, 1.0, 1.0]),
}
OPTIONS = {
    "hinge": (SCORES, {"loss": "hinge", "margin": 2.0}),
    "sum": (SCORES, {"reduction": "sum"}),
    "none": (SCORES, {"reduction": "none"}),
    "denominator": (SCORES, {"denominator": 12.5}),
    "ignore_index": (SCORES, {"ignore_index": 1}),
    "label_smoothing": (WEIGHED, {"label_smoothing": 0.1}),
    "temperature": (TARGETS, {"temperature": 2.0}),
    "softcap": (SCORES, {"softcap": 30.0}),
    "z_loss": (SCORES, {"z_loss": 0.01}),
    "reg": (NET, {"reg": 0.1, "reg_convention": "full"}),
    "nonfinite": (
        {**SCORES, "scores": np.where(SCORES["scores"] > 1.5, np.nan, SCORES["scores"])},
        {"nonfinite": "propagate"},
    ),
    "empty_mean": (
        {"scores": np.zeros((0, 5)), "labels": np.zeros(0, int)},
        {"empty_mean": "nan"},
    ),
    "gradient_dtype": (LAYER, {"gradient_dtype": "f32"}),
}


@pytest.fixture
def infer(over_grpc, rest):
    def infer(way, arguments, **how):
        name, more = WAYS[way]
        return (over_grpc if name == "gRPC" else rest).infer(arguments, **how, **more)

    return infer


def assert_same(answer, result, names):
    assert list(answer.outputs) == list(names)
    for name, array in answer.outputs.items():
        value = getattr(result, name)
        if name in SCALARS:
            value = np.array([value], np.int64 if SCALARS[name].type is int else np.float64)
        assert problems.bits(array) == problems.bits(value), name


def by_default(result):
    return [name for name in WANTABLE if name in result]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPTIONS)
def test_every_option(infer, clients, way, name):
    inputs, options = OPTIONS[name]
    answer = infer(way, {**inputs, **options})
    result = clients["local"].compute(**inputs, **options)
    assert_same(answer, result, by_default(result))


@pytest.mark.parametrize(("way", "dtype"), FLOATS)
@pytest.mark.parametrize("form", ["scores", "h1", "x"])
def test_every_float(infer, clients, way, dtype, form):
    inputs = problems.labelled(form, rows=6, classes=5)
    kind = dtypes.to_numpy(dtype)
    sent = {name: a if name == "labels" else a.astype(kind) for name, a in inputs.items()}
    wanted = ["loss", "accuracy", *problems.gradients_of(form), "row_losses", "probs"]
    answer = infer(way, sent, outputs=wanted)
    assert_same(answer, clients["local"].compute(**sent, want=wanted), wanted)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", dtypes.INTEGERS)
def test_every_integer(infer, clients, way, dtype):
    labels = np.array([1, 0, 3, 2, 4, 0, 1], dtypes.to_numpy(dtype))
    sent = {**SCORES, "labels": labels}
    answer = infer(way, sent)
    result = clients["local"].compute(**sent)
    assert_same(answer, result, by_default(result))


@pytest.mark.parametrize("way", WAYS)
def test_negative_labels(infer, clients, way):
    sent = {**SCORES, "labels": np.array([1, -100, 3, 2, -100, 0, 1], np.int8)}
    answer = infer(way, {**sent, "ignore_index": -100})
    result = clients["local"].compute(**sent, ignore_index=-100)
    assert_same(answer, result, by_default(result))


@pytest.mark.parametrize("way", WAYS)
def test_leading_axes(infer, clients, way):
    sent = {
        "scores": SCORES["scores"][:6].reshape(2, 3, 5),
        "labels": SCORES["labels"][:6].reshape(2, 3),
    }
    answer = infer(way, sent, model="softmax_loss")
    assert answer.outputs["dscores"].shape == (2, 3, 5)
    result = clients["local"].compute(**sent)
    assert_same(answer, result, by_default(result))


@pytest.mark.parametrize("way", WAYS)
def test_every_output_alone_and_in_any_order(infer, clients, way):
    every = [name for name in WANTABLE if name != "dtargets"]

    def check(wanted):
        answer = infer(way, NET, outputs=wanted)
        assert_same(answer, clients["local"].compute(**NET, want=wanted), wanted)

    for name in every:
        check([name])
    for_all(st.lists(st.sampled_from(every), unique=True, min_size=1), 10, check)


def test_outputs_that_only_targets_have(port, clients):
    answer = port.infer(TARGETS, model="softmax_loss", outputs=["dtargets", "loss"])
    assert_same(answer, clients["local"].compute(**TARGETS, want=["dtargets"]), answer.outputs)
    assert [*answer.outputs] == ["dtargets", "loss"]


def test_large_arrays(port, clients):
    rng = np.random.default_rng(0)
    sent = {
        "scores": rng.standard_normal((500, 1500), np.float32),
        "labels": rng.integers(1500, size=500),
    }
    result = clients["local"].compute(**sent)
    assert_same(port.infer(sent), result, by_default(result))


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("is_binary", [True, False])
def test_compressed_both_ways(rest, clients, coding, is_binary):
    compress = {"gzip": gzip.compress, "deflate": zlib.compress}[coding]
    sent = {"scores": np.zeros((50, 40), np.float32), "labels": np.zeros(50, int)}
    content, headers = body(sent, is_binary=is_binary)
    coded = {**headers, "content-encoding": coding, "accept-encoding": coding}
    plain = rest.call("POST", "/v2/models/softmax_loss/infer", content, headers)
    answer = rest.call("POST", "/v2/models/softmax_loss/infer", compress(content), coded)
    assert answer.headers["content-encoding"] == coding
    assert int(answer.headers["content-length"]) < len(plain.data) / 2
    assert answer.data == plain.data
    for name in ("content-type", "inference-header-content-length"):
        assert answer.headers.get(name) == plain.headers.get(name)
    result = clients["local"].compute(**sent)
    assert_same(rest.post(compress(content), coded), result, by_default(result))


def test_who_can_read_codings_does_not_ask_for_one(rest):
    content, headers = body(SCORES)
    for accepted in ("gzip, deflate, br", "br", "*", "identity", "gzip;q=0"):
        told = {**headers, "accept-encoding": accepted}
        answer = rest.call("POST", "/v2/models/softmax_loss/infer", content, told)
        assert answer.status == 200
        assert "content-encoding" not in answer.headers


def test_hints_for_codecs_and_queues_change_nothing(rest, clients):
    document = json.loads(body(SCORES, is_binary=False)[0])
    for told in (document, *document["inputs"]):
        told["parameters"] = {"content_type": "np"}
    document["parameters"] |= {"priority": 1, "timeout": 1000}
    answer = rest.post(json.dumps(document).encode(), {}, "softmax_loss")
    result = clients["local"].compute(**SCORES)
    assert_same(answer, result, by_default(result))


def test_null_is_as_left_out(rest, clients):
    """Pydantic's models, such as MLServer's InferenceRequest, write every member."""
    document = json.loads(body(SCORES, is_binary=False)[0])
    for told in (document, *document["inputs"]):
        told["parameters"] = None
    for name in ("id", "outputs", "model_name", "model_version"):
        document[name] = None
    answer = rest.post(json.dumps(document).encode(), {}, "softmax_loss")
    assert answer.id == ""
    result = clients["local"].compute(**SCORES)
    assert_same(answer, result, by_default(result))


@pytest.mark.parametrize("is_binary", [True, False])
def test_outputs_are_bytes_or_text_one_by_one(rest, clients, is_binary):
    wanted = {"loss": False, "dscores": True, "probs": False, "n_rows": True}
    answer = rest.infer(SCORES, outputs=wanted, is_binary=is_binary)
    assert answer.binary == ("dscores", "n_rows")
    assert_same(answer, clients["local"].compute(**SCORES, want=list(wanted)), wanted)
