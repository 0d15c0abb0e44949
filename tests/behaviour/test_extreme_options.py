"""Divisors at the ends of what is taken, and beyond."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.errors import InvalidArgument

ROWS = {"scores": [[0.5, 0.0, -1.0], [0.0, 2.0, 0.25]], "labels": [0, 2]}
WANT = {"want": ["loss", "row_losses", "dscores"]}
BEYOND = [
    ("temperature", 1e-310, "a number from 1e-100 to 1e100"),
    ("temperature", 9e-101, "a number from 1e-100 to 1e100"),
    ("temperature", 2e100, "a number from 1e-100 to 1e100"),
    ("softcap", 1e-155, "a number from 1e-100 to 1e100"),
    ("softcap", 1e300, "a number from 1e-100 to 1e100"),
    ("denominator", 1e-200, "a finite number of size at least 1e-100"),
    ("denominator", -1e-101, "a finite number of size at least 1e-100"),
    ("denominator", 0, "a finite number of size at least 1e-100"),
]


@pytest.mark.parametrize(("name", "value", "expected"), BEYOND)
def test_beyond(client, name, value, expected):
    with pytest.raises(InvalidArgument) as caught:
        client.compute(**ROWS, **{name: value})
    (violation,) = caught.value.violations
    assert violation.field == name
    assert violation.detail.startswith(f"must be {expected}, got ")


ENDS = [
    {"temperature": 1e-100},
    {"temperature": 1e100},
    {"softcap": 1e-100},
    {"softcap": 1e100},
    {"temperature": 1e-100, "denominator": 1e-100},
    {"temperature": 1e100, "denominator": 1e300},
    {"temperature": 1e-100, "softcap": 1e-100, "denominator": -1e-100},
    {"temperature": 1e100, "softcap": 1e100},
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("options", ENDS, ids=str)
def test_nothing_is_nan_at_the_ends(client, options, smoothing, dtype):
    rows = ROWS | {"scores": np.array(ROWS["scores"], dtype)}
    result = client.compute(**rows, **options, label_smoothing=smoothing, **WANT)
    assert not np.isnan(result.loss)
    assert not np.isnan(result.dscores).any()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_divisors_work_one_after_the_other(client, smoothing):
    """D'·τ is beyond float64 here, in both directions; the gradient is not."""
    weights = {"sample_weights": [1e300, 1e300], "label_smoothing": smoothing} | WANT
    hot = client.compute(**ROWS, **weights, temperature=1e100, denominator=1e300)
    plain = client.compute(scores=np.zeros((2, 3)), labels=ROWS["labels"], **weights)
    np.testing.assert_allclose(hot.dscores, 2e-100 * plain.dscores, rtol=1e-14)
    weights["sample_weights"] = [1e-300, 1e-300]
    cold = client.compute(**ROWS, **weights, temperature=1e-100)
    assert cold.denominator == 2e-300
    np.testing.assert_allclose(cold.dscores[1, 1], 5e99 * (1 - smoothing / 3), rtol=1e-14)
