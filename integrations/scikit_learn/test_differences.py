"""Where scikit-learn answers something else: both answers, side by side."""

from __future__ import annotations

import numpy as np
import pytest

from integrations.ours import compute
from integrations.scikit_learn.losses import half_multinomial
from lossgrad import InvalidArgument

SCORES = np.array([[1.0, 2.0, 0.5]])


@pytest.mark.parametrize("label", [-1, 3])
def test_label_out_of_range(label):
    """No label's score is subtracted there: the loss is lse, the gradient is p."""
    problem = {"scores": SCORES, "labels": np.array([label])}
    theirs = half_multinomial(problem)
    ours = compute(scores=SCORES, labels=[0], want=["log_partition", "probs"])
    np.testing.assert_allclose(theirs.loss, ours.log_partition, rtol=1e-13)
    np.testing.assert_allclose(theirs.dscores, ours.probs, rtol=1e-13)
    with pytest.raises(InvalidArgument, match=f"row 0 has {label}"):
        compute(**problem)


def test_nan_in_a_row_of_weight_zero():
    """0·NaN is NaN there; a row of weight 0 has no part here."""
    problem = {
        "scores": np.array([[np.nan, 1.0, 0.0], [1.0, 2.0, 0.0]]),
        "labels": np.array([1, 0]),
        "sample_weights": np.array([0.0, 1.0]),
    }
    theirs = half_multinomial(problem)
    ours = compute(**problem, reduction="none", want=["row_losses", "dscores"])
    assert np.isnan(theirs.loss[0])
    assert np.isnan(theirs.dscores[0]).all()
    assert ours.row_losses[0] == 0
    assert not ours.dscores[0].any()
    assert ours.row_losses[1] == pytest.approx(theirs.loss[1], rel=1e-13)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_without_a_gradient(bad):
    problem = {"scores": np.array([[1.0, bad, 0.0]]), "labels": np.array([0])}
    assert not np.isfinite(half_multinomial(problem).loss).any()
    with pytest.raises(InvalidArgument, match=r"scores: .*\(0, 1\)"):
        compute(**problem)


HIGH = {
    "offset": (np.array([[1e8 + 8, 1e8]], np.float32), np.log1p(np.exp(-8.0))),
    "two maxima": (np.array([[3e38, 3e38]], np.float32), np.log(2.0)),
    "confident": (np.array([[17, 0]], np.float32), np.log1p(np.exp(-17.0))),
}


@pytest.mark.parametrize("name", HIGH)
def test_scores_that_swallow_the_loss(name):
    """lse − s rounds lse at the size of s there: 0. The table of docs/accuracy.md has more."""
    scores, exact = HIGH[name]
    problem = {"scores": scores, "labels": np.array([0])}
    assert half_multinomial(problem).loss == [0]
    assert compute(**problem).loss == pytest.approx(exact, rel=1e-5)
