"""Calls that are refused for what they are made of, each with its field and its numbers."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.errors import InvalidArgument
from lossgrad.types.options import NAMES
from tests.behaviour.refused import (
    HIDDEN,
    LABELS,
    LENGTHS,
    PRESENCE,
    ROWS,
    SCORES,
)

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
    ("want", "loss", ["'loss'"]),
    ("want", [], ["[]"]),
    ("gradient_dtype", "f8", ["f8", "f64"]),
    ("gradient_dtype", "i32", ["i32"]),
    ("gradient_dtype", np.int16, ["f16"]),
]


@pytest.mark.parametrize(("option", "value", "words"), BAD_OPTIONS, ids=lambda v: str(v)[:40])
def test_option_out_of_range(refuse, option, value, words):
    refuse(HIDDEN | {option: value}, option, words)


@pytest.mark.parametrize("entry", ["dscore", 3])
def test_entry_of_want_that_is_no_output(refuse, entry):
    refuse(HIDDEN | {"want": ["loss", entry]}, "want[1]", [repr(entry)])


def test_every_option_is_refused_somewhere():
    assert {option for option, _, _ in BAD_OPTIONS} == set(NAMES)


def test_several_wrong_options_are_all_named(client):
    with pytest.raises(InvalidArgument) as caught:
        client.compute(**ROWS, temperature=-1, z_loss=-2, unheard_of=3)
    fields = {violation.field for violation in caught.value.violations}
    assert fields == {"temperature", "z_loss", "unheard_of"}


@pytest.mark.parametrize("name", ["score", "dscores", "Scores", "weight", "dim"])
def test_unknown_name(refuse, name):
    refuse(ROWS | {name: 1.0}, name, [])


@pytest.mark.parametrize("case", PRESENCE)
def test_missing_or_too_many(refuse, case):
    refuse(*PRESENCE[case])


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
