"""What is named when values have no gradient."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.errors import InvalidArgument
from lossgrad.types import Problem
from lossgrad_service.core import compute


def refusal(**arguments):
    with pytest.raises(InvalidArgument) as caught:
        compute(Problem.of(arguments))
    return caught.value


def test_entries_of_several_blocks_are_named_together():
    scores = np.zeros((500_000, 2), np.float32)
    rows = [3, 70_000, 499_999]
    scores[rows, 1] = [np.nan, np.inf, np.nan]
    error = refusal(scores=scores, labels=np.zeros(len(scores), int))
    (violation,) = error.violations
    assert violation.field == "scores"
    for entry in ("(3, 1) is nan", "(70000, 1) is inf", "(499999, 1) is nan"):
        assert entry in violation.detail


def test_eight_entries_are_named_and_no_more():
    scores = np.full((5, 4), np.nan)
    (violation,) = refusal(scores=scores, labels=[0] * 5).violations
    assert violation.detail.count(" is nan") == 8
    assert "(0, 0)" in violation.detail
    assert "(1, 3)" in violation.detail


def test_the_cause_is_named_and_not_what_was_computed_from_it():
    x = np.ones((3, 2))
    x[1, 0] = np.nan
    error = refusal(x=x, w1=np.ones((2, 2)), w2=np.ones((2, 2)), labels=[0, 1, 0])
    assert [violation.field for violation in error.violations] == ["x"]


def test_an_overflow_of_the_hidden_layer_is_named_there():
    x, w1 = np.full((2, 2), 1e38, np.float32), np.full((2, 2), 100, np.float32)
    error = refusal(x=x, w1=w1, w2=np.ones((2, 2), np.float32), labels=[0, 1])
    assert [violation.field for violation in error.violations] == ["h1"]


def test_minus_infinity_in_x_is_seen_although_the_relu_hides_it():
    x = np.array([[-np.inf]])
    error = refusal(x=x, w1=np.ones((1, 1)), w2=np.ones((1, 2)), labels=[0])
    assert [violation.field for violation in error.violations] == ["x"]


def test_computed_scores_of_minus_infinity_are_an_overflow():
    h1, w2 = np.full((2, 1), 1e38, np.float32), np.array([[1, -100]], np.float32)
    (violation,) = refusal(h1=h1, w2=w2, labels=[0, 0]).violations
    assert violation.field == "scores"
    assert "(0, 1) is -inf" in violation.detail


def test_a_bias_of_minus_infinity_masks_its_class():
    arguments = {"h1": np.ones((2, 1)), "w2": np.ones((1, 3)), "b2": [0, -np.inf, 0]}
    result = compute(Problem.of({**arguments, "labels": [0, 2], "want": ["probs", "dw2"]}))
    np.testing.assert_array_equal(result.probs, [[0.5, 0, 0.5]] * 2)
    assert result.dw2[0, 1] == 0


def test_a_huge_difference_is_no_error():
    scores = np.array([[1.7e308, -1.7e308]])
    assert compute(Problem.of({"scores": scores, "labels": [1]})).loss == np.inf


def test_targets_are_refused_whatever_the_policy():
    error = refusal(scores=[[0.0, 0.0]], targets=[[1.5, -0.5]], nonfinite="propagate")
    (violation,) = error.violations
    assert violation.field == "targets"
    assert "(0, 1) is -0.5" in violation.detail
