"""What `nonfinite="propagate"` makes of values that are not finite, and of overflows."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad_service.core import compute

NAN, INF = np.nan, np.inf


def propagated(**arguments):
    want = ["row_losses", "dscores"]
    return compute(Problem.of({"want": want, "nonfinite": "propagate"} | arguments))


@pytest.mark.parametrize("loss", ["softmax", "hinge"])
@pytest.mark.parametrize("weight", [0.0, 2.0])
@pytest.mark.parametrize("row", [[NAN, 0, 1], [0, NAN, 1], [NAN, -INF, -INF]], ids=str)
def test_a_live_row_with_nan_is_nan_throughout(loss, weight, row):
    """Whatever its label's class weighs: loss and gradient must tell the same."""
    weights = {"class_weights": [weight, 1, 1], "reduction": "sum", "loss": loss}
    result = propagated(scores=[row, [0.0, 0, 0]], labels=[0, 1], **weights)
    assert np.isnan(result.row_losses[0])
    assert np.isnan(result.loss)
    assert np.isnan(result.dscores[0]).all()
    assert np.isfinite(result.dscores[1]).all()


@pytest.mark.parametrize("loss", ["softmax", "hinge"])
@pytest.mark.parametrize("row", [[NAN, 0], [INF, INF], [-INF, -INF]], ids=str)
@pytest.mark.parametrize("dead", [{"ignore_index": 0}, {"sample_weights": [0, 1]}], ids=str)
def test_a_row_that_is_not_live_is_zero(loss, row, dead):
    weights = {"class_weights": [0.0, 1.0], "loss": loss, "reduction": "sum"}
    result = propagated(scores=[row, [0.0, 0]], labels=[0, 1], **dead, **weights)
    assert result.row_losses[0] == 0
    assert not result.dscores[0].any()


@pytest.mark.parametrize("loss", ["softmax", "hinge"])
def test_a_class_weight_of_zero_covers_an_infinite_loss(loss):
    options = {"class_weights": [0.0, 1.0], "loss": loss, "reduction": "sum"}
    result = propagated(scores=[[-INF, 0.0]], labels=[0], **options)
    assert result.row_losses[0] == 0
    assert not result.dscores.any()


def test_hinge_of_one_class_that_is_nan():
    result = propagated(scores=[[NAN]], labels=[0], loss="hinge")
    assert np.isnan(result.row_losses[0])
    assert np.isnan(result.dscores[0, 0])


def test_hinge_with_infinity_is_what_the_formula_says():
    result = propagated(scores=[[INF, 0.0], [0.0, INF]], labels=[0, 0], loss="hinge")
    np.testing.assert_array_equal(result.row_losses, [0, INF])
    np.testing.assert_array_equal(result.dscores, [[0, 0], [-0.5, 0.5]])


def test_a_closed_gate_stops_a_gradient_that_overflowed():
    """dH1 is −∞ where h1 is 0; their product would be NaN."""
    result = compute(
        Problem.of(
            {
                "x": np.array([[1, 1]], np.float32),
                "w1": np.array([[-1, 1], [-1, 1]], np.float32),
                "w2": np.array([[3e38, -3e38], [1, 1]], np.float32),
                "labels": [0],
                "sample_weights": [10],
                "reduction": "sum",
                "want": ["dh1", "dw1", "db1", "dx"],
            }
        )
    )
    np.testing.assert_array_equal(result.dh1, [[-np.inf, 0]])
    for name in ("dw1", "db1", "dx"):
        assert not result.arrays[name].any(), name
        assert np.isfinite(result.arrays[name]).all(), name


def test_nan_in_the_hidden_layer_reaches_the_first():
    layers = {"x": [[NAN, 1.0], [1.0, 1.0]], "w1": np.eye(2), "w2": np.eye(2), "labels": [0, 1]}
    result = propagated(**layers, want=["dx", "dw1"])
    assert np.isnan(result.dx[0]).all()
    assert np.isfinite(result.dx[1]).all()
    assert np.isnan(result.dw1).any()
