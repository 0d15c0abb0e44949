"""Problems, results and infos as JSON objects."""

from __future__ import annotations

import json
import math

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad.codecs import json as codec
from lossgrad.codecs.json_arrays import floats_from_lists
from lossgrad.codecs.json_text import to_text
from lossgrad.errors import Internal, InvalidArgument
from lossgrad.types import Limits, Result, ServerInfo, dtypes
from lossgrad.types.quantities import OUTPUTS
from tests.client.drawing import arrays, problems, same_bits, same_problem

GOOD = {"scores": [[1, 2.5], [3, 4]], "labels": [0, 1]}


def violations(**keys):
    with pytest.raises(InvalidArgument) as caught:
        codec.problem_from_json(GOOD | keys)
    return [(v.field, v.detail) for v in caught.value.violations]


@given(problems())
def test_problem_round_trip(problem):
    text = json.dumps(codec.problem_to_json(problem), allow_nan=False)
    call = codec.problem_from_json(json.loads(text))
    assert call.encoding == "base64"
    assert same_problem(call.problem, problem)


@given(st.dictionaries(st.sampled_from(list(OUTPUTS)), arrays(), max_size=4))
def test_result_round_trip_in_base64(outputs):
    scalars = {"loss": math.nan, "reg_loss": -math.inf, "n_rows": 2, "denominator": 1 / 3}
    body = codec.result_to_json(Result(scalars | outputs, {}), "base64")
    back = codec.result_from_json(json.loads(json.dumps(body, allow_nan=False)), {"decode": 2.0})
    assert list(map(repr, back.scalars.values())) == list(
        map(repr, {name: scalars[name] for name in back.scalars}.values())
    )
    assert back.arrays.keys() == outputs.keys()
    assert all(same_bits(back.arrays[name], outputs[name]) for name in outputs)
    assert all(array.flags.writeable for array in back.arrays.values())


@given(arrays(names=("f16", "bf16", "f32", "f64")))
def test_lists_hold_every_value(array):
    body = codec.result_to_json(Result({"dscores": array}, {}), "list")
    text = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
    values = floats_from_lists(orjson.loads(text)["dScores"])
    with np.errstate(invalid="ignore"):  # signalling NaNs
        expected = np.asarray(array, np.float64)
    assert values.size == array.size
    assert np.array_equal(values.ravel(), expected.ravel(), equal_nan=True)


@pytest.mark.parametrize(("dtype", "bits"), [("bf16", 0x7F81), ("f32", 0x7F800001)])
def test_signalling_nans_in_lists(dtype, bits):
    kind = dtypes.to_numpy(dtype)
    array = np.array([bits], f"u{kind.itemsize}").view(kind)
    body = codec.result_to_json(Result({"dscores": array}, {}), "list")
    assert body == {"dScores": ["NaN"]}


@given(problems())
def test_text_of_a_problem(problem):
    body = codec.problem_to_json(problem)
    assert json.loads(to_text(body)) == json.loads(json.dumps(body))


def test_text_of_an_empty_object():
    assert to_text({}) == b"{}"


def test_defaults():
    call = codec.problem_from_json(GOOD)
    assert call.encoding == "list"
    assert call.problem.options.chosen == {}
    assert call.problem.scores.tolist() == [[1, 2.5], [3, 4]]
    assert call.problem.scores.dtype == np.float64
    assert call.problem.labels.dtype == np.int64


def test_null_is_left_out():
    call = codec.problem_from_json(GOOD | {"w2": None, "reg": None, "encoding": None})
    assert list(call.problem.inputs) == ["scores", "labels"]


def test_one_row_without_axes():
    assert codec.problem_from_json({"scores": [1, 2], "labels": 1}).problem.leading == ()


def test_want_takes_either_spelling():
    call = codec.problem_from_json(GOOD | {"want": ["dScores", "dscores", "row_losses"]})
    assert call.problem.want == ("dscores", "row_losses")


def test_nonfinite_entries():
    call = codec.problem_from_json(GOOD | {"scores": [["NaN", "Infinity"], ["-Infinity", 0]]})
    assert repr(call.problem.scores.tolist()) == "[[nan, inf], [-inf, 0.0]]"


def test_no_rows_in_base64():
    empty = {"shape": [0, 2], "dtype": "f16", "encoding": "base64", "data": ""}
    call = codec.problem_from_json(GOOD | {"scores": empty, "labels": []})
    assert call.problem.scores.shape == (0, 2)


def test_every_entry_of_want_that_is_no_output():
    found = violations(want=["loss", "dScore", 3])
    assert [field for field, _ in found] == ["want[1]", "want[2]"]
    assert [detail.rsplit(", got ")[1] for _, detail in found] == ["'dScore'", "3"]


@pytest.mark.parametrize("body", [None, [], "text", 3, True])
def test_not_an_object(body):
    with pytest.raises(InvalidArgument, match="the body must be a JSON object, got"):
        codec.problem_from_json(body)


@pytest.mark.parametrize(
    ("scores", "field", "detail"),
    [
        ([[1, 2], [3]], "scores[1]", "has length 1, but those before it have 2"),
        ([[1, 2], 3], "scores[1]", "must be a list, as its neighbours are, got 3"),
        ([1, [2]], "scores[1]", "must be a number, got a list"),
        ([[1, 2], [3, True]], "scores[1][1]", "must be a number, got true"),
        ([[1, None]], "scores[0][1]", "must be a number, got null"),
        ([["1", 2]], "scores[0][0]", "must be a number, got '1'"),
        ([["nan", 2]], "scores[0][0]", "must be a number, got 'nan'"),
        ([[{}, 2]], "scores[0][0]", "must be a number, got an object"),
        ("12", "scores", "must be a number, got '12'"),
        ([[1, 10**400]], "scores[0][1]", "is beyond float64"),
        ([[0], [0], [0], [0, 1]], "scores[3]", "has length 2, but those before it have 1"),
    ],
)
def test_malformed_lists(scores, field, detail):
    assert violations(scores=scores) == [(field, detail)]


@pytest.mark.parametrize(
    ("labels", "field", "detail"),
    [
        ([1, 1.5], "labels[1]", "must be an integer, got 1.5"),
        ([True, 1], "labels[0]", "must be an integer, got true"),
        (["NaN", 1], "labels[0]", "must be an integer, got 'NaN'"),
        ([0, 2**63], "labels[1]", "is beyond int64"),
    ],
)
def test_malformed_labels(labels, field, detail):
    assert violations(labels=labels) == [(field, detail)]


def test_too_many_axes():
    deep = 1.0
    for _ in range(33):
        deep = [deep]
    assert violations(scores=deep) == [("scores", "must have at most 32 axes")]


F32 = {"shape": [1, 2], "dtype": "f32", "encoding": "base64", "data": "AAAAAAAAAAA="}


@pytest.mark.parametrize(
    ("change", "field", "detail"),
    [
        ({"data": None}, "scores.data", "missing; an array that is an object needs it"),
        ({"dtype": 3}, "scores.dtype", "must be the name of a dtype, got 3"),
        ({"encoding": "hex"}, "scores.encoding", "must be 'base64', got 'hex'"),
        ({"shape": 2}, "scores.shape", "must be a list of integers, got 2"),
        ({"shape": [1, 2.0]}, "scores.shape[1]", "must be an integer, got 2.0"),
        ({"shape": [True, 2]}, "scores.shape[0]", "must be an integer, got true"),
        ({"shape": [-1]}, "scores.shape[0]", "must be ≥ 0, got -1"),
        ({"order": "F"}, "scores.order", "is not one of shape, dtype, encoding, data"),
        ({"data": 12}, "scores.data", "must be base64 text, got 12"),
        (
            {"data": "AAAA"},
            "scores.data",
            "has 4 characters of base64, but dtype and shape need 12 (8 bytes)",
        ),
        (
            {"data": "AAAA AAAAAA="},
            "scores.data",
            "has characters or padding that base64 does not; send no line breaks",
        ),
        (
            {"data": "AAAAAAAAAA=="},
            "scores.data",
            "has 7 bytes, but shape (1, 2) of f32 needs 8",
        ),
    ],
)
def test_malformed_objects(change, field, detail):
    assert violations(scores=F32 | change) == [(field, detail)]


def test_unknown_dtype():
    [(field, detail)] = violations(scores=F32 | {"dtype": "float32"})
    assert field == "scores.dtype"
    assert detail.endswith("got 'float32'")


def test_every_violation_is_told():
    found = violations(scores=[["a"]], labels=[0.5], foo=1, encoding="xml", reg=-1)
    assert [field for field, _ in found] == ["foo", "encoding", "scores[0][0]", "labels[0]", "reg"]


@pytest.mark.parametrize(
    ("option", "value", "shown"),
    [
        ("temperature", "Infinity", "inf"),
        ("reg", "NaN", "nan"),
        ("softcap", "1.5", "'1.5'"),
        ("label_smoothing", True, "True"),
        ("ignore_index", 1.0, "1.0"),
        ("ignore_index", "NaN", "'NaN'"),
    ],
)
def test_scalar_options(option, value, shown):
    [(field, detail)] = violations(**{option: value})
    assert field == option
    assert detail.endswith(f"got {shown}")


def test_result_in_lists():
    result = Result(
        {
            "loss": math.inf,
            "n_rows": 2,
            "dw2": np.array([[1, 2]], np.float16),
            "row_losses": np.array([0.5, math.nan]),
            "predictions": np.array([1, 0]),
            "log_partition": np.array(2.5),
        },
        {"compute": 1.0},
    )
    body = codec.result_to_json(result, "list")
    assert json.loads(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)) == {
        "loss": "Infinity",
        "n_rows": 2,
        "dW2": [[1.0, 2.0]],
        "row_losses": [0.5, "NaN"],
        "predictions": [1, 0],
        "log_partition": 2.5,
    }


@pytest.mark.parametrize("body", [None, [], {"lost": 1}, {"loss": "x"}, {"dScores": {"shape": 1}}])
def test_malformed_answer(body):
    with pytest.raises(Internal, match="the server's answer cannot be read"):
        codec.result_from_json(body, {})


def test_info_round_trip():
    info = ServerInfo(
        version="1.2",
        limits=Limits(**{name: 2**size for size, name in enumerate(Limits.__dataclass_fields__)}),
        losses=("softmax",),
        outputs=("loss", "dw2"),
        float_dtypes=("f32",),
        label_dtypes=("i64",),
        compute_threads=4,
        uptime_seconds=1.5,
    )
    text = json.dumps(codec.info_to_json(info) | {"newer": 1})
    assert codec.info_from_json(json.loads(text), {}) == info


@pytest.mark.parametrize("body", [None, {}, {"limits": None}])
def test_malformed_info(body):
    with pytest.raises(Internal, match="the server's answer cannot be read"):
        codec.info_from_json(body, {})
