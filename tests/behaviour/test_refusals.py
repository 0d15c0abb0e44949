"""Corners of the contract that are errors, each with its field and its numbers."""

from __future__ import annotations

import numpy as np
import pytest
from lossgrad.errors import InvalidArgument

from tests.behaviour.refused import (
    HEALTHY,
    HIDDEN,
    LABELS,
    LENGTHS,
    PRESENCE,
    ROWS,
    SCORES,
    TARGETS,
    TWO_LAYERS,
    changed,
)


@pytest.fixture
def refuse(client):
    """Return a function that holds a call to be refused and the next one to work."""

    def refused(arguments, field, words):
        with pytest.raises(InvalidArgument) as caught:
            client.compute(**arguments)
        found = {violation.field: violation.detail for violation in caught.value.violations}
        assert field in found, caught.value.violations
        for word in words:
            assert str(word) in found[field]
        assert field in str(caught.value)
        assert client.compute(**HEALTHY).loss == pytest.approx(np.log(2), rel=1e-15)
        return found[field]

    return refused


# Options out of range

BAD_OPTIONS = [
    ("loss", "squared", ["softmax", "hinge", "squared"]),
    ("loss", 3, ["softmax", "3"]),
    ("reduction", "average", ["mean", "sum", "none", "average"]),
    ("denominator", 0, ["0"]),
    ("denominator", np.nan, ["nan"]),
    ("denominator", np.inf, ["inf"]),
    ("denominator", "2", ["'2'"]),
    ("ignore_index", 1.5, ["1.5", "integer"]),
    ("ignore_index", True, ["True"]),
    ("ignore_index", 2**63, [2**63]),
    ("label_smoothing", -0.1, ["-0.1", "[0, 1]"]),
    ("label_smoothing", 1.1, ["1.1", "[0, 1]"]),
    ("label_smoothing", np.nan, ["nan"]),
    ("temperature", 0, ["0"]),
    ("temperature", -1.5, ["-1.5"]),
    ("temperature", np.inf, ["inf"]),
    ("softcap", 0.0, ["0.0"]),
    ("softcap", -30, ["-30"]),
    ("softcap", np.nan, ["nan"]),
    ("z_loss", -1e-4, ["-0.0001"]),
    ("z_loss", np.inf, ["inf"]),
    ("margin", -0.5, ["-0.5"]),
    ("reg", -0.25, ["-0.25"]),
    ("reg", np.nan, ["nan"]),
    ("reg", 10**400, ["1000"]),
    ("reg", False, ["False"]),
    ("reg_convention", "third", ["half", "full", "third"]),
    ("nonfinite", "ignore", ["error", "propagate", "ignore"]),
    ("empty_mean", "one", ["zero", "nan", "error", "one"]),
    ("want", ["dscore"], ["dscore"]),
    ("want", "loss", ["'loss'"]),
    ("want", [], ["[]"]),
    ("want", [3], ["3"]),
    ("gradient_dtype", "f8", ["f8", "f64"]),
    ("gradient_dtype", "i32", ["i32"]),
    ("gradient_dtype", np.int16, ["f16"]),
]


@pytest.mark.parametrize(("option", "value", "words"), BAD_OPTIONS, ids=lambda v: str(v)[:40])
def test_option_out_of_range(refuse, option, value, words):
    refuse(HIDDEN | {option: value}, option, words)


def test_every_option_is_refused_somewhere():
    from lossgrad.types.options import NAMES

    assert {option for option, _, _ in BAD_OPTIONS} == set(NAMES)


def test_several_wrong_options_are_all_named(client):
    with pytest.raises(InvalidArgument) as caught:
        client.compute(**ROWS, temperature=-1, z_loss=-2, unheard_of=3)
    fields = {violation.field for violation in caught.value.violations}
    assert fields == {"temperature", "z_loss", "unheard_of"}


@pytest.mark.parametrize("name", ["score", "dscores", "Scores", "weight", "dim"])
def test_unknown_name(refuse, name):
    refuse(ROWS | {name: 1.0}, name, [])


# Presence


@pytest.mark.parametrize("case", PRESENCE)
def test_missing_or_too_many(refuse, case):
    refuse(*PRESENCE[case])


# Lengths


@pytest.mark.parametrize("field", LENGTHS)
def test_wrong_length_names_both_numbers(refuse, field):
    arguments, numbers = LENGTHS[field]
    refuse(arguments, field, numbers)


def test_same_number_of_rows_in_other_leading_axes(refuse):
    refuse(ROWS | {"labels": LABELS.reshape(2, 2)}, "labels", ["(2, 2)", "(4,)"])


AXES = {
    "scores": (ROWS | {"scores": np.float64(1.0), "labels": np.int64(0)}, ["()"]),
    "w2": (HIDDEN | {"w2": np.ones((1, 2, 3))}, ["(1, 2, 3)"]),
    "b2": (HIDDEN | {"b2": np.ones((1, 3))}, ["(1, 3)"]),
    "class_weights": (ROWS | {"class_weights": 1.0}, ["()"]),
}


@pytest.mark.parametrize("field", AXES)
def test_wrong_number_of_axes(refuse, field):
    arguments, words = AXES[field]
    refuse(arguments, field, words)


def test_no_classes(refuse):
    refuse({"scores": np.zeros((2, 0)), "labels": [0, 0]}, "scores", ["0"])


# Dtypes

DTYPES = {
    "integer scores": (ROWS | {"scores": SCORES.astype(np.int32)}, "scores", ["f32", "int32"]),
    "bool scores": (ROWS | {"scores": SCORES > 0}, "scores", ["f32", "bool"]),
    "complex scores": (ROWS | {"scores": SCORES + 0j}, "scores", ["f64", "complex128"]),
    "text scores": (ROWS | {"scores": [["a", "b", "c"]] * 4}, "scores", ["f64"]),
    "object scores": (ROWS | {"scores": SCORES.astype(object)}, "scores", ["f64", "object"]),
    "long double scores": (ROWS | {"scores": SCORES.astype(np.longdouble)}, "scores", ["f64"]),
    "float labels": (ROWS | {"labels": LABELS.astype(float)}, "labels", ["i64", "float64"]),
    "bool labels": (ROWS | {"labels": LABELS > 0}, "labels", ["i64", "bool"]),
    "dates as labels": (ROWS | {"labels": LABELS.astype("M8[s]")}, "labels", ["i64", "datetime64"]),
    "integer targets": (
        {"scores": SCORES, "targets": np.ones((4, 3), np.int8)},
        "targets",
        ["f32", "int8"],
    ),
    "integer w2": (HIDDEN | {"w2": np.ones((2, 3), int)}, "w2", ["f32", "int64"]),
    "integer class weights": (
        ROWS | {"class_weights": np.ones(3, int)},
        "class_weights",
        ["int64"],
    ),
}


@pytest.mark.parametrize("case", DTYPES)
def test_wrong_dtype(refuse, case):
    refuse(*DTYPES[case])


def test_ragged_lists(refuse):
    refuse({"scores": [[1.0, 2.0], [3.0]], "labels": [0, 0]}, "scores", [])


# Values


@pytest.mark.parametrize("dtype", ["i1", "i4", "i8"])
@pytest.mark.parametrize("bad", [-1, -3, 3, 100])
def test_label_that_is_no_class(refuse, dtype, bad):
    labels = changed(LABELS, 2, bad).astype(dtype)
    refuse(ROWS | {"labels": labels}, "labels", ["[0, 3)", "2", str(bad)])


def test_label_beyond_64_bits_with_sign(refuse):
    labels = changed(LABELS.astype(np.uint64), 1, 2**64 - 1)
    refuse(ROWS | {"labels": labels}, "labels", ["1", 2**64 - 1])
    refuse(ROWS | {"labels": labels, "ignore_index": -1}, "labels", ["1", 2**64 - 1])


def test_first_eight_wrong_labels_are_named(refuse):
    labels = np.arange(20, 32)
    detail = refuse({"scores": np.zeros((12, 3)), "labels": labels}, "labels", ["12"])
    for row, label in enumerate(labels[:8]):
        assert f"row {row} has {label}" in detail
    assert "28" not in detail


def test_label_beside_ignore_index_is_still_wrong(refuse):
    labels = np.array([0, -1, -2, 1])
    detail = refuse(ROWS | {"labels": labels, "ignore_index": -1}, "labels", ["row 2 has -2"])
    assert "row 1 " not in detail


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("kind", ["sample_weights", "class_weights"])
def test_weights_must_be_finite(refuse, kind, bad):
    weights = changed(np.ones(4 if kind == "sample_weights" else 3), 2, bad)
    refuse(ROWS | {kind: weights}, kind, ["2", str(bad)])


@pytest.mark.parametrize("bad", [-0.25, -1e-300])
def test_negative_target(refuse, bad):
    arguments = {"scores": SCORES, "targets": changed(TARGETS, (2, 1), bad)}
    refuse(arguments, "targets", ["2", "1", bad])


def test_target_on_a_mask(refuse):
    scores = changed(SCORES, (3, 2), -np.inf)
    refuse({"scores": scores, "targets": TARGETS}, "targets", ["3", "2"])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
def test_nonfinite_target(refuse, bad):
    arguments = {"scores": SCORES, "targets": changed(TARGETS, (1, 2), bad)}
    refuse(arguments, "targets", ["1", "2", bad])


@pytest.mark.parametrize("loss", ["softmax", "hinge"])
@pytest.mark.parametrize("bad", [np.nan, np.inf], ids=str)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_nonfinite_score(refuse, loss, bad, dtype):
    scores = changed(SCORES, (3, 1), bad).astype(dtype)
    refuse(ROWS | {"scores": scores, "loss": loss}, "scores", ["3", "1", bad])


@pytest.mark.parametrize("loss", ["softmax", "hinge"])
def test_minus_infinity_on_the_label(refuse, loss):
    scores = changed(SCORES, (2, 2), -np.inf)
    refuse(ROWS | {"scores": scores, "loss": loss}, "scores", ["2", "-inf"])


def test_minus_infinity_on_the_label_with_smoothing_one(refuse):
    scores = changed(SCORES, (2, 2), -np.inf)
    refuse(ROWS | {"scores": scores, "label_smoothing": 1.0}, "scores", ["2", "-inf"])


@pytest.mark.parametrize("loss", ["softmax", "hinge"])
def test_row_of_minus_infinity(refuse, loss):
    scores = changed(SCORES, 1, -np.inf)
    refuse(ROWS | {"scores": scores, "loss": loss}, "scores", ["1", "-inf"])


def test_row_of_minus_infinity_with_targets(refuse):
    scores = changed(SCORES, 1, -np.inf)
    targets = changed(TARGETS, 1, 0.0)
    refuse({"scores": scores, "targets": targets}, "scores", ["1", "-inf"])


def test_first_eight_nonfinite_scores_are_named(refuse):
    scores = np.zeros((60, 4))
    scores[10:, 3] = np.nan
    detail = refuse({"scores": scores, "labels": np.zeros(60, int)}, "scores", [10, 17, "nan"])
    assert detail.count("nan") == 8
    assert "18" not in detail


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_overflowing_product(refuse, dtype):
    big = np.finfo(dtype).max
    problem = {"h1": np.array([[1.0], [10.0]], dtype), "w2": np.array([[0.0, big / 2]], dtype)}
    refuse(problem | {"labels": [0, 0]}, "scores", ["1", "inf"])


def test_product_overflowing_downwards_is_no_mask(refuse):
    problem = {"h1": np.array([[1.0], [10.0]]), "w2": np.array([[0.0, -1e308]])}
    refuse(problem | {"labels": [0, 0]}, "scores", ["1", "-inf"])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("field", ["h1", "w2"])
def test_nonfinite_hidden_input(refuse, field, bad):
    arguments = HIDDEN | {field: changed(HIDDEN[field], (1, 1), bad)}
    refuse(arguments, field, ["1", bad])


@pytest.mark.parametrize("bad", [np.nan, np.inf], ids=str)
def test_nonfinite_output_bias(refuse, bad):
    refuse(HIDDEN | {"b2": changed(HIDDEN["b2"], 1, bad)}, "b2", ["1", bad])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("field", ["x", "w1"])
def test_nonfinite_first_layer(refuse, field, bad):
    arguments = TWO_LAYERS | {field: changed(TWO_LAYERS[field], (1, 1), bad)}
    refuse(arguments, field, ["1", bad])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
def test_nonfinite_hidden_bias(refuse, bad):
    refuse(TWO_LAYERS | {"b1": changed(TWO_LAYERS["b1"], 1, bad)}, "b1", ["1", bad])
