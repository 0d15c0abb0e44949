"""Calls that are refused for a value, each with its field, its row and its column."""

from __future__ import annotations

import numpy as np
import pytest

from tests.behaviour.refused import (
    HIDDEN,
    LABELS,
    ROWS,
    SCORES,
    TARGETS,
    TWO_LAYERS,
    changed,
)


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


def test_nonfinite_score_far_down(refuse):
    scores = np.zeros((40_000, 2))
    scores[39_123, 1] = np.nan
    refuse({"scores": scores, "labels": np.zeros(40_000, int)}, "scores", ["(39123, 1)"])


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
