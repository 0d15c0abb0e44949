"""Which rows count, and what the mean of a batch divides by."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad import InvalidArgument
from lossgrad.losses import batch_denominator, live_rows

LABELS = np.array([[0, 2, -100], [1, 1, 0]])
WEIGHT = np.array([1.0, -0.5, 2.0], np.float32)
ROW_WEIGHTS = np.array([[1.0, 0.0, 8.0], [2.0, 0.5, 1.0]], np.float32)
SHARES = np.ones((2, 3, 4, 5))

BATCHES = [
    ({"target": LABELS}, 5),
    ({"target": LABELS, "weight": WEIGHT}, 3),
    ({"target": LABELS, "sample_weights": ROW_WEIGHTS > 0}, 4),
    ({"target": LABELS, "sample_weights": ROW_WEIGHTS}, 4.5),
    ({"target": LABELS, "weight": WEIGHT, "sample_weights": ROW_WEIGHTS}, 0.75),
    ({"target": np.array(1)}, 1),
    ({"target": np.array(-100)}, 0),
    ({"target": np.zeros(0, np.int64)}, 0),
    ({"target": LABELS.clip(0).astype(np.uint8)}, 6),
    ({"target": SHARES}, 40),
    ({"target": SHARES[:, :, 0, 0], "weight": WEIGHT}, 2),
    ({"target": SHARES[:, :, :3, 0], "sample_weights": ROW_WEIGHTS}, 12.5),
]


@pytest.mark.parametrize(("arrays", "expected"), BATCHES)
def test_denominator(arrays, expected):
    assert batch_denominator(arrays) == expected


def test_denominator_with_another_index_to_ignore():
    assert batch_denominator({"target": LABELS.clip(0)}, ignore_index=0) == 3


def test_denominator_of_70_000_rows_of_16_bits():
    labels, weights = np.zeros(70_000, np.int64), np.ones(70_000, np.float16)
    assert batch_denominator({"target": labels, "sample_weights": weights}) == 70_000


def test_denominator_of_a_label_without_a_weight():
    with pytest.raises(InvalidArgument, match=r"^target: must be in \[0, 2\).* 2 is not$"):
        batch_denominator({"target": LABELS, "weight": WEIGHT[:2]})


def test_denominator_of_indices_that_are_floats():
    """One row of probabilities looks the same, and needs no denominator."""
    with pytest.raises(InvalidArgument, match=r"^target: .*\(3,\); .* need an integer dtype$"):
        batch_denominator({"target": LABELS[0].astype(float)})


def test_denominator_without_a_target():
    with pytest.raises(InvalidArgument, match=r"^target: must be given, got None$"):
        batch_denominator({"sample_weights": ROW_WEIGHTS})


@pytest.mark.parametrize("target", [LABELS, SHARES[:, :, :3, 0]], ids=["labels", "probabilities"])
def test_denominator_with_weights_of_other_rows(target):
    arrays = {"target": target, "sample_weights": ROW_WEIGHTS[0]}
    with pytest.raises(InvalidArgument, match=r"^sample_weights: .*\(2, 3\), got \(3,\)$"):
        batch_denominator(arrays)


def test_live_rows():
    ignored, weightless = LABELS != -100, ROW_WEIGHTS != 0
    found = live_rows({"target": LABELS, "sample_weights": ROW_WEIGHTS})
    np.testing.assert_array_equal(found, ignored & weightless)
    np.testing.assert_array_equal(live_rows({"target": LABELS}, ignore_index=1), LABELS != 1)
    assert live_rows({"target": SHARES})
