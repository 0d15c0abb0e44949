"""Where PyTorch answers something else: both answers, side by side."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from integrations.ours import compute
from integrations.pytorch.losses import answer, cross_entropy, leaf
from lossgrad import InvalidArgument
from lossgrad.types import Array

INF = np.inf
WANT = {"want": ["loss", "row_losses", "dscores"]}

NOTHING_COUNTS = {
    "no rows": {"scores": np.zeros((0, 3)), "labels": np.zeros(0, np.int64)},
    "all ignored": {"scores": np.ones((2, 3)), "labels": np.array([-100, -100])},
    "class weight 0": {
        "scores": np.ones((1, 2)),
        "labels": np.array([0]),
        "class_weights": np.array([0.0, 1.0]),
    },
}


@pytest.mark.parametrize("name", NOTHING_COUNTS)
def test_mean_of_nothing(name):
    """0/0 there, with NaN in the gradient where a class weighs 0; 0 here."""
    problem = NOTHING_COUNTS[name] | {"ignore_index": -100} | WANT
    theirs, ours = cross_entropy(problem), compute(**problem)
    assert np.isnan(theirs.loss)
    assert np.isnan(theirs.dscores).all() == (name != "all ignored")
    assert ours.loss == ours.denominator == 0
    assert not ours.dscores.any()
    assert np.isnan(compute(**problem, empty_mean="nan").loss)


@pytest.mark.parametrize("label", [-1, 3, 255])
def test_label_out_of_range(label):
    """One target is named there, without its row; the rows and their labels here."""
    problem = {"scores": np.ones((4, 3)), "labels": np.array([0, label, 1, label])}
    with pytest.raises(IndexError, match=f"^Target {label} is out of bounds.$"):
        cross_entropy(problem)
    with pytest.raises(InvalidArgument, match=rf"2 labels are not: .*row 1 has {label}.*row 3"):
        compute(**problem)


def test_label_of_minus_100():
    """Ignored there unless told otherwise; here nothing is ignored that was not asked for."""
    problem = {"scores": np.array([[1.0, 2.0], [0.0, 3.0]]), "labels": np.array([-100, 1])}
    theirs = cross_entropy(problem)
    with pytest.raises(InvalidArgument, match="row 0 has -100"):
        compute(**problem)
    assert compute(**problem, ignore_index=-100).loss == pytest.approx(theirs.loss, rel=1e-13)


MASKED = np.array([[2.0, -INF, 1.0, 0.5]])
KEPT = [0, 2, 3]


def test_smoothing_beside_a_mask():
    """Infinite there, since the masked class gets its share; here it covers the other classes."""
    problem = {"scores": MASKED, "labels": np.array([0]), "label_smoothing": 0.1}
    theirs, ours = cross_entropy(problem), compute(**problem)
    assert theirs.loss == INF
    assert theirs.dscores[0, 1] == pytest.approx(-0.1 / 4)
    assert_as_if_deleted(ours, cross_entropy(problem | {"scores": MASKED[:, KEPT]}))


def test_target_of_zero_at_a_mask():
    """0·∞ is NaN there and 0 here; the gradients agree."""
    targets = np.array([[0.5, 0.0, 0.3, 0.2]])
    problem = {"scores": MASKED, "targets": targets}
    theirs, ours = cross_entropy(problem), compute(**problem)
    assert np.isnan(theirs.loss)
    np.testing.assert_allclose(ours.dscores, theirs.dscores, rtol=0, atol=1e-14)
    kept = {"scores": MASKED[:, KEPT], "targets": targets[:, KEPT]}
    assert_as_if_deleted(ours, cross_entropy(kept))


def assert_as_if_deleted(ours, theirs):
    assert ours.loss == pytest.approx(theirs.loss, rel=1e-13)
    assert ours.dscores[0, 1] == 0
    np.testing.assert_allclose(ours.dscores[:, KEPT], theirs.dscores, rtol=0, atol=1e-14)


POISONED = {"scores": np.array([[np.nan, 1.0, 0.0], [1.0, 2.0, 0.0]])}


def test_nan_in_an_ignored_row():
    """Its gradient is NaN there, and so is dW2 behind it; 0 here."""
    problem = POISONED | {"labels": np.array([-100, 0]), "ignore_index": -100}
    theirs, ours = cross_entropy(problem), compute(**problem)
    assert ours.loss == pytest.approx(theirs.loss, rel=1e-13)
    assert np.isnan(theirs.dscores[0]).all()
    assert not ours.dscores[0].any()
    np.testing.assert_allclose(ours.dscores[1], theirs.dscores[1], rtol=0, atol=1e-14)


def test_nan_in_a_hidden_row_that_is_ignored():
    net = {"h1": np.array([[np.nan, 1.0], [1.0, 2.0]]), "w2": np.array([[1.0, 0.0], [0.5, 2.0]])}
    labels = {"labels": np.array([-100, 0]), "ignore_index": -100}
    w2 = leaf(net["w2"])
    functional.cross_entropy(
        torch.tensor(net["h1"]) @ w2, torch.tensor(labels["labels"])
    ).backward()
    assert w2.grad is not None
    assert w2.grad.isnan().all()
    alone = compute(h1=net["h1"][1:], w2=net["w2"], labels=[0])
    np.testing.assert_array_equal(compute(**net, **labels).dw2, alone.dw2)


def test_nan_in_a_row_of_weight_zero():
    """0·NaN is NaN there; a row of weight 0 has no part here."""
    labels = np.array([1, 0])

    def weighted(scores):
        losses = functional.cross_entropy(scores, torch.tensor(labels), reduction="none")
        return (torch.tensor([0.0, 1.0], dtype=torch.float64) * losses).sum()

    theirs = answer(weighted, POISONED["scores"])
    ours = compute(**POISONED, labels=labels, sample_weights=[0.0, 1.0])
    assert np.isnan(theirs.loss)
    assert np.isnan(theirs.dscores[0]).all()
    assert np.isfinite(ours.loss)
    assert not ours.dscores[0].any()


NONFINITE = {
    "NaN": [[1.0, 2.0, 0.0], [0.0, 1.0, np.nan]],
    "+inf": [[1.0, 2.0, 0.0], [0.0, 1.0, INF]],
    "label masked": [[1.0, 2.0, 0.0], [0.0, -INF, 1.0]],
    "all masked": [[1.0, 2.0, 0.0], [-INF, -INF, -INF]],
}


@pytest.mark.parametrize("name", NONFINITE)
def test_scores_without_a_gradient(name):
    """Silent there; named here, and the same as there with nonfinite="propagate"."""
    problem = {"scores": np.array(NONFINITE[name]), "labels": np.array([1, 1])}
    theirs = cross_entropy(problem)
    assert not np.isfinite(theirs.loss)
    with pytest.raises(InvalidArgument, match=r"scores: .*\(1, "):
        compute(**problem)
    ours = compute(**problem, nonfinite="propagate")
    np.testing.assert_array_equal(ours.loss, theirs.loss)
    np.testing.assert_allclose(ours.dscores, theirs.dscores, rtol=0, atol=1e-14)


def test_overflowing_product():
    """inf − inf is NaN there; here the overflow itself is named."""
    h1, w2 = np.full((1, 2), 3e38, np.float32), np.full((2, 3), 3e38, np.float32)
    scores = torch.tensor(h1) @ torch.tensor(w2)
    assert functional.cross_entropy(scores, torch.tensor([0])).isnan()
    with pytest.raises(InvalidArgument, match=r"computed as h1·w2 \+ b2"):
        compute(h1=h1, w2=w2, labels=[0])


def test_negative_targets():
    """Taken there; no probability here."""
    problem = {"scores": np.ones((1, 3)), "targets": np.array([[1.0, -2.0, 0.0]])}
    assert np.isfinite(cross_entropy(problem).loss)
    with pytest.raises(InvalidArgument, match="targets"):
        compute(**problem)


def test_float16_over_70_000_rows():
    """N overflows float16 there, and loss and gradient are 0; scalars are float64 here."""
    problem = {
        "scores": np.tile(np.array([2, 0], np.float16), (70_000, 1)),
        "labels": np.zeros(70_000, np.int64),
    }
    theirs, ours = cross_entropy(problem), compute(**problem)
    assert theirs.loss == 0
    assert not theirs.dscores.any()
    exact = np.log1p(np.exp(-2.0))
    assert ours.loss == pytest.approx(exact, rel=1e-5)
    rounded = np.float16(np.array([-1, 1]) * -np.expm1(-exact) / 70_000)
    np.testing.assert_array_equal(ours.dscores, np.tile(rounded, (70_000, 1)))


def test_scores_whose_difference_overflows():
    problem = {"scores": np.array([[3e38, -3e38]], np.float32), "labels": np.array([1])}
    assert cross_entropy(problem).loss == INF
    assert compute(**problem).loss == pytest.approx(6e38, rel=1e-7)


@pytest.mark.parametrize(("dtype", "gap"), [(np.float32, 17), (np.float64, 40)])
def test_confident_rows(dtype, gap):
    """1 + T is 1 there; T is kept here. The table of docs/accuracy.md has more."""
    problem = {"scores": np.array([[gap, 0]], dtype), "labels": np.array([0])}
    theirs, ours = cross_entropy(problem), compute(**problem)
    assert theirs.loss == theirs.dscores[0, 0] == 0
    assert ours.loss == pytest.approx(np.exp(-gap), rel=1e-5)
    assert ours.dscores[0, 0] == pytest.approx(-np.exp(-gap), rel=1e-5)


def test_softcap_far_outside():
    """1 − tanh² is 0 there; sech² by its own formula here."""
    problem = {"scores": np.array([[300, 0]], np.float32), "labels": np.array([1])}

    def capped(scores):
        return functional.cross_entropy(30 * torch.tanh(scores / 30), torch.tensor([1]))

    assert answer(capped, problem["scores"]).dscores[0, 0] == 0
    sech_squared = np.cosh(10.0) ** -2
    assert compute(**problem, softcap=30).dscores[0, 0] == pytest.approx(sech_squared, rel=2e-5)


def test_predictions_of_ties_and_nan_are_the_same():
    scores = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [5.0, np.nan, np.nan]])
    options = {"nonfinite": "propagate", "want": ["predictions"]}
    ours = compute(scores=scores, labels=[0, 0, 0], **options).predictions
    np.testing.assert_array_equal(ours, torch.tensor(scores).argmax(1).numpy())
    np.testing.assert_array_equal(ours, [1, 0, 1])


HINGE = {"scores": np.array([[1.0, 0.0, 3.0], [0.0, 2.0, 1.5]]), "labels": np.array([0, 1])}


def multi_margin(scores: Array, **options) -> float:
    labels = torch.tensor(HINGE["labels"])
    return float(functional.multi_margin_loss(torch.tensor(scores), labels, **options))


def test_hinge_divides_by_the_number_of_classes():
    theirs = multi_margin(HINGE["scores"])
    assert compute(**HINGE, loss="hinge").loss == pytest.approx(3 * theirs, rel=1e-13)


def test_hinge_mean_of_weighted_rows():
    """Divided by N there, by the weights here, as in ``cross_entropy``."""
    weights = np.array([1.0, 3.0, 2.0])
    theirs = multi_margin(HINGE["scores"], weight=torch.tensor(weights))
    ours = compute(**HINGE, loss="hinge", class_weights=weights)
    assert ours.denominator == 4
    assert ours.loss == pytest.approx(3 * theirs * 2 / 4, rel=1e-13)


def test_hinge_with_an_ignored_row():
    """Not known there."""
    scores, labels = HINGE["scores"], np.array([0, -100])
    with pytest.raises(RuntimeError, match="target out of range"):
        functional.multi_margin_loss(torch.tensor(scores), torch.tensor(labels))
    ours = compute(scores=scores, labels=labels, loss="hinge", ignore_index=-100)
    assert ours.loss == compute(scores=scores[:1], labels=[0], loss="hinge").loss
