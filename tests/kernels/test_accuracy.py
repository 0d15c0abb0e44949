"""Contract §5: every row loss and every entry of dScores within (r + 8) units.

Each test notes its worst error as a fraction of the bound (``pytest -s``).
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad.types import Problem
from lossgrad_service.core import compute
from tests.kernels.drawing import batches
from tests.kernels.errors import dtypes, quick, worst_error


@dtypes
@given(batch=batches())
@quick
def test_labels(within, dtype, batch):
    scores, labels = batch
    within(f"labels {dtype.__name__}", worst_error(scores.astype(dtype), labels))


@dtypes
@given(batch=batches(), temperature=st.sampled_from([0.3, 0.7, 3.0]))
@quick
def test_temperature(within, dtype, batch, temperature):
    scores, labels = batch
    error = worst_error(scores.astype(dtype), labels, temperature=temperature)
    within(f"temperature {dtype.__name__}", error)


@dtypes
@given(
    batch=batches(),
    temperature=st.sampled_from([1.0, 1.3]),
    softcap=st.sampled_from([2.5, 30.0, 1e9]),
)
@quick
def test_softcap(within, dtype, batch, temperature, softcap):
    scores, labels = batch
    error = worst_error(scores.astype(dtype), labels, temperature=temperature, softcap=softcap)
    within(f"softcap {dtype.__name__}", error)


@dtypes
@pytest.mark.parametrize("deviation", [1, 10, 30, 100])
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_normal_scores(within, dtype, deviation, classes):
    rng = np.random.default_rng(deviation)
    scores = (deviation * rng.normal(size=(9, classes))).astype(dtype)
    for labels in (scores.argmax(1), scores.argmin(1), rng.integers(0, classes, 9)):
        within(f"deviation {deviation} {dtype.__name__}", worst_error(scores, labels))


CONFIDENT = [[17, 0], [40, 0], [88, 0], [104, 0], [0, 0], [5, -5], [1e8, 1e8 + 8]]


@dtypes
@pytest.mark.parametrize("label", [0, 1])
def test_confident_rows(within, dtype, label):
    rows = [*CONFIDENT, [700, 0]] if dtype is np.float64 else CONFIDENT
    error = worst_error(np.array(rows, dtype), [label] * len(rows))
    within(f"confident {dtype.__name__}", error)


@dtypes
@pytest.mark.parametrize("largest", [1.0, 10.0, 100.0, -100.0])
def test_differences_that_lie_between_two_numbers(within, dtype, largest):
    """Each other score is half a unit of the difference: all are rounded the same way."""
    half = np.spacing(dtype(abs(largest))) / 2
    scores = np.array([[largest] + [end] * 60 for end in (half, -half, 3 * half)], dtype)
    scores[:, 1:] -= max(0, -2 * largest)
    for label in (0, 1):
        within(f"half units {dtype.__name__}", worst_error(scores, [label] * 3))


@pytest.mark.parametrize(("dtype", "huge"), [(np.float32, 3e38), (np.float64, 8e307)])
def test_scores_whose_difference_does_not_fit(within, dtype, huge):
    scores = np.array([[huge, -huge, 0], [huge, huge, -huge], [-huge, huge, -huge]], dtype)
    for labels in ([0, 0, 0], [1, 1, 1], [2, 2, 2]):
        within(f"huge {dtype.__name__}", worst_error(scores, labels))


@dtypes
def test_one_class_has_no_loss_and_no_gradient(dtype):
    problem = Problem.of({"scores": np.array([[3]], dtype), "labels": [0]})
    result = compute(problem)
    assert result.loss == 0
    assert result.dscores.tobytes() == bytes(result.dscores.nbytes)  # +0, not −0


def test_half_precision_is_one_rounding_of_the_float32_result():
    rng = np.random.default_rng(2)
    half = rng.normal(size=(50, 7)).astype(np.float16)
    labels = rng.integers(0, 7, 50)
    want = ["dscores", "probs", "row_losses"]
    narrow = compute(Problem.of({"scores": half, "labels": labels, "want": want}))
    wide = compute(Problem.of({"scores": half.astype("f4"), "labels": labels, "want": want}))
    np.testing.assert_array_equal(narrow.dscores, wide.dscores.astype(np.float16))
    np.testing.assert_array_equal(narrow.probs, wide.probs.astype(np.float16))
    np.testing.assert_array_equal(narrow.row_losses, wide.row_losses)
