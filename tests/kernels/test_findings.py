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


def details(**arguments):
    """Return what is said of the scores."""
    found = refusal(**arguments).violations
    assert {violation.field for violation in found} == {"scores"}
    return [violation.detail for violation in found]


def test_a_masked_label_is_named_as_such():
    """−∞ at another class is a mask and no error, so that "must be finite" would mislead."""
    (detail,) = details(scores=[[0.0, 0.0], [0.0, -np.inf]], labels=[0, 1])
    assert detail.startswith("the label's class must not be masked by −inf")
    assert detail.endswith("(1, 1) is -inf")


@pytest.mark.parametrize("goal", [{"labels": [0, 1]}, {"targets": [[1, 0.0], [0, 0]]}], ids=str)
def test_a_row_of_masks_is_named_as_such(goal):
    (detail,) = details(scores=[[0.0, -np.inf], [-np.inf, -np.inf]], **goal)
    assert detail.startswith("at least one class must not be −inf")
    assert "(1, " in detail


def test_each_rule_has_its_own_rows():
    inf = np.inf
    scores = [[0, -inf, inf], [0, -inf, 0], [-inf, -inf, -inf], [np.nan, -inf, 0], [0, 0, -inf]]
    found = details(scores=scores, labels=[0, 1, 1, 0, 0])
    assert [detail.partition(" (nonfinite")[0].partition(";")[0] for detail in found] == [
        "must be finite in every row that counts",
        "at least one class must not be −inf",
        "the label's class must not be masked by −inf",
    ]
    assert [detail.count(" is ") for detail in found] == [2, 1, 1]
    assert found[0].endswith("(0, 2) is inf, (3, 0) is nan")


def test_no_advice_to_scale_where_the_bias_masks_the_label():
    arguments = {"h1": np.ones((2, 1)), "w2": np.ones((1, 2)), "labels": [0, 1]}
    (detail,) = details(**arguments, b2=[0, -np.inf])
    assert detail.startswith("the label's class must not be masked")
    assert "(1, 1) is -inf" in detail
    (detail,) = details(**arguments, b2=[-np.inf, -np.inf])
    assert detail.startswith("at least one class")


def test_an_overflow_at_the_label_is_no_mask():
    h1, w2 = np.full((1, 1), 1e38, np.float32), np.array([[1, -100]], np.float32)
    (detail,) = details(h1=h1, w2=w2, labels=[1])
    assert "scale the inputs down" in detail


@pytest.mark.parametrize("name", ["b1", "b2"])
def test_entries_of_a_vector_have_no_row_and_column(name):
    problem = {"x": np.ones((1, 1)), "w1": np.ones((1, 3)), "w2": np.ones((3, 3)), "labels": [0]}
    (violation,) = refusal(**problem, **{name: [0.0, np.nan, np.inf]}).violations
    assert violation.field == name
    assert violation.detail.endswith("; [1] is nan, [2] is inf")
    assert "column" not in violation.detail


def test_a_long_vector_is_looked_at_at_once():
    """By the rows of a tile, of which one holds few so long, it took minutes."""
    width = 3_000_000
    layers = {"w1": np.ones((1, width), np.float32), "w2": np.ones((width, 1), np.float32)}
    b1 = np.zeros(width, np.float32)
    b1[-1] = np.nan
    (violation,) = refusal(x=np.ones((1, 1), np.float32), b1=b1, labels=[0], **layers).violations
    assert violation.detail.endswith(f"; [{width - 1}] is nan")
