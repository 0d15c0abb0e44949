"""Weights whose sum, which a mean divides by, does not fit into float64."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.errors import InvalidArgument

ROWS = {"scores": [[1.0, 0.0], [0.0, 2.0]], "labels": [0, 0]}
HUGE = {
    "sample_weights": {"sample_weights": [1.5e308] * 2},
    "negative": {"sample_weights": [-1.5e308] * 2},
    "class_weights": {"class_weights": [1.5e308, 1.0]},
    "both": {"sample_weights": [1e200] * 2, "class_weights": [1e200] * 2},
}


@pytest.mark.parametrize("empty_mean", ["zero", "nan", "error"])
@pytest.mark.parametrize("name", HUGE)
def test_it_is_no_empty_mean(client, name, empty_mean):
    with pytest.raises(InvalidArgument) as caught:
        client.compute(**ROWS, **HUGE[name], empty_mean=empty_mean)
    (violation,) = caught.value.violations
    assert violation.field == ("class_weights" if name == "class_weights" else "sample_weights")
    assert violation.detail == "their sum overflows; scale them down"


def test_a_given_denominator_needs_no_sum(client):
    weights = HUGE["sample_weights"]
    result = client.compute(**ROWS, **weights, denominator=1.5e308, want=["dscores"])
    plain = client.compute(**ROWS, denominator=1.0, want=["dscores"])
    np.testing.assert_allclose(result.dscores, plain.dscores, rtol=1e-14)
