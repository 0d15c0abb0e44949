"""NaN and infinity where they may propagate."""

from __future__ import annotations

import numpy as np
import pytest


def live_and(row):
    clean = [0.5, 1.0, -1.0]
    return {"scores": [clean, row, clean], "labels": [0, 1, 2], "nonfinite": "propagate"}


PROPAGATE = {"want": ["loss", "row_losses", "dscores"], "reduction": "sum"}


def others_are_clean(client, result):
    clean = client.compute(**live_and([0.0, 0.0, 0.0]), **PROPAGATE)
    assert result.row_losses[[0, 2]].tobytes() == clean.row_losses[[0, 2]].tobytes()
    assert result.dscores[[0, 2]].tobytes() == clean.dscores[[0, 2]].tobytes()


@pytest.mark.parametrize(
    "row", [[np.nan, 0.0, 0.0], [0.0, np.nan, 0.0], [-np.inf] * 3, [0.0, 0.0, np.inf]], ids=str
)
def test_nan_propagates(client, row):
    result = client.compute(**live_and(row), **PROPAGATE)
    assert not np.isfinite(result.loss)
    assert not np.isfinite(result.row_losses[1])
    assert np.isnan(result.dscores[1]).any()
    others_are_clean(client, result)


def test_infinite_loss_propagates(client):
    result = client.compute(**live_and([0.0, -np.inf, 0.0]), **PROPAGATE)
    assert result.loss == result.row_losses[1] == np.inf
    np.testing.assert_array_equal(result.dscores[1], [0.5, -1.0, 0.5])
    others_are_clean(client, result)


def test_overflowing_product_propagates(client):
    problem = {"h1": [[1.0], [10.0]], "w2": [[0.0, 1e308]], "labels": [0, 0]}
    result = client.compute(**problem, nonfinite="propagate", want=["loss", "row_losses", "dh1"])
    assert not np.isfinite(result.loss)
    assert np.isfinite(result.row_losses[0])
    assert not np.isfinite(result.dh1[1]).all()


def test_nan_counts_as_the_largest_in_predictions(client):
    problem = {"scores": [[0.0, np.nan, 5.0]], "labels": [0], "nonfinite": "propagate"}
    result = client.compute(**problem, want=["predictions"])
    np.testing.assert_array_equal(result.predictions, [1])
