"""Where optax answers something else: both answers, side by side."""

from __future__ import annotations

import numpy as np
import optax
import pytest

from integrations.optax.losses import answer, of_labels, of_targets
from integrations.ours import compute
from lossgrad import InvalidArgument

INF = np.inf
SCORES = np.array([[1.0, 2.0, 0.5]])


def test_mean_of_nothing():
    problem = {"scores": np.zeros((0, 3)), "labels": np.zeros(0, np.int64)}
    assert np.isnan(of_labels(problem).loss)
    assert compute(**problem).loss == 0


def test_label_too_large():
    """NaN there, with a gradient that looks right; an error here."""
    problem = {"scores": SCORES, "labels": np.array([3])}
    theirs = of_labels(problem)
    assert np.isnan(theirs.loss)
    assert np.isfinite(theirs.dscores).all()
    with pytest.raises(InvalidArgument, match="row 0 has 3"):
        compute(**problem)


def test_negative_label():
    """Counted from the end there, silently; an error here unless it is the `ignore_index`."""
    problem = {"scores": SCORES, "labels": np.array([-1])}
    last = of_labels(problem | {"labels": np.array([2])})
    assert of_labels(problem).loss == last.loss
    with pytest.raises(InvalidArgument, match="row 0 has -1"):
        compute(**problem)
    assert compute(**problem, ignore_index=-1).loss == 0


MASKED = {"scores": np.array([[2.0, -INF, 1.0]]), "targets": np.array([[0.7, 0.0, 0.3]])}


def test_target_of_zero_at_a_mask():
    """0·∞ is NaN there; ``safe_softmax_cross_entropy`` is optax's answer, and agrees with ours."""
    assert np.isnan(of_targets(MASKED).loss)
    safe = answer(optax.safe_softmax_cross_entropy, "mean", *MASKED.values())
    ours = compute(**MASKED)
    assert ours.loss == pytest.approx(safe.loss, rel=1e-13)
    np.testing.assert_allclose(ours.dscores, safe.dscores, rtol=0, atol=1e-14)


def test_smoothing_beside_a_mask():
    """Infinite there, since the masked class gets its share; finite here."""
    smoothed = np.asarray(optax.smooth_labels(np.array([[1.0, 0.0, 0.0]]), 0.1))
    assert of_targets(MASKED | {"targets": smoothed}).loss == INF
    ours = compute(scores=MASKED["scores"], labels=[0], label_smoothing=0.1)
    kept = compute(scores=[[2.0, 1.0]], labels=[0], label_smoothing=0.1)
    assert ours.loss == pytest.approx(kept.loss, rel=1e-13)


def test_negative_targets():
    problem = {"scores": SCORES, "targets": np.array([[1.0, -2.0, 0.0]])}
    assert np.isfinite(of_targets(problem).loss)
    with pytest.raises(InvalidArgument, match="targets"):
        compute(**problem)


@pytest.mark.parametrize("bad", [np.nan, INF])
def test_scores_without_a_gradient(bad):
    problem = {"scores": np.array([[1.0, bad, 0.0]]), "labels": np.array([0])}
    assert not np.isfinite(of_labels(problem).loss)
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
    assert of_labels(problem).loss == 0
    assert compute(**problem).loss == pytest.approx(exact, rel=1e-5)
