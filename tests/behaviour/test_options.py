"""What each option does."""

from __future__ import annotations

import numpy as np
import pytest

from tests.behaviour import problems


@pytest.mark.parametrize("option", ["softcap", "denominator", "ignore_index", "want", "reg"])
def test_none_is_leaving_out(client, option):
    problem = problems.labelled("scores")
    plain, none = client.compute(**problem), client.compute(**problem, **{option: None})
    assert none.scalars == plain.scalars
    assert none.dscores.tobytes() == plain.dscores.tobytes()


def test_defaults_spelt_out_change_nothing(client):
    problem = problems.labelled("x")
    defaults = {
        "loss": "softmax",
        "reduction": "mean",
        "label_smoothing": 0,
        "temperature": 1,
        "z_loss": 0,
        "margin": 1,
        "reg": 0,
        "reg_convention": "half",
        "nonfinite": "error",
        "empty_mean": "zero",
    }
    plain, spelt = client.compute(**problem), client.compute(**problem, **defaults)
    assert spelt.scalars == plain.scalars
    for name, value in plain.arrays.items():
        assert spelt.arrays[name].tobytes() == value.tobytes()


def test_counts(client):
    problem = problems.labelled("scores", rows=6)
    problem["labels"][[1, 4]] = 9
    weights = [1.0, 1.0, 0.0, 2.0, 5.0, 1.0]
    result = client.compute(**problem, ignore_index=9, sample_weights=weights)
    assert (result.n_rows, result.n_ignored, result.denominator) == (6, 2, 4)
    assert isinstance(result.n_rows, int)
    assert isinstance(result.loss, float)


def test_counts_of_many_rows(client):
    """More rows than the service works on at a time."""
    rows = 40_000
    labels = np.arange(rows) % 3
    scores = np.zeros((rows, 2))
    options = {"ignore_index": 2, "want": ["loss", "accuracy", "row_losses"]}
    result = client.compute(scores=scores, labels=labels, **options)
    n_ignored = np.count_nonzero(labels == 2)
    assert (result.n_rows, result.n_ignored) == (rows, n_ignored)
    assert result.denominator == rows - n_ignored
    assert result.accuracy == np.count_nonzero(labels == 0) / (rows - n_ignored)
    np.testing.assert_allclose(result.row_losses, np.where(labels == 2, 0, np.log(2)), rtol=1e-15)


def test_ignore_index_may_be_a_class(client):
    problem = {"scores": [[1.0, 0.0], [0.0, 2.0]], "labels": [0, 1]}
    result = client.compute(**problem, ignore_index=1, want=["loss", "row_losses", "dscores"])
    assert result.n_ignored == 1
    assert result.row_losses[1] == 0
    assert result.loss == result.row_losses[0]
    assert not result.dscores[1].any()


def test_row_losses_are_weighed_and_not_divided(client):
    problem = problems.labelled("scores", rows=4, seed=50)
    plain = client.compute(**problem, want=["row_losses"]).row_losses
    weights, of_classes = np.array([1.0, 0.5, 2.0, 4.0]), np.array([1.0, 2.0, 0.5, 0.25])
    result = client.compute(
        **problem,
        sample_weights=weights,
        class_weights=of_classes,
        z_loss=0.5,
        want=["row_losses", "loss", "data_loss"],
    )
    expected = weights * of_classes[problem["labels"]] * plain
    np.testing.assert_allclose(result.row_losses, expected, rtol=1e-15)
    assert result.data_loss == pytest.approx(expected.sum() / result.denominator, rel=1e-15)


def test_negative_weights_count_backwards(client):
    problem = problems.labelled("scores", rows=2, seed=51) | {"reduction": "sum"}
    forwards = client.compute(**problem, sample_weights=[1.0, 0.5])
    backwards = client.compute(**problem, sample_weights=[-1.0, -0.5])
    assert backwards.loss == -forwards.loss
    np.testing.assert_array_equal(backwards.dscores, -forwards.dscores)


def test_smoothing_is_a_mixture_of_targets(client):
    problem = problems.labelled("scores", rows=3, classes=4, seed=52)
    smooth = client.compute(**problem, label_smoothing=0.2)
    mixture = 0.8 * np.eye(4)[problem.pop("labels")] + 0.05
    mixed = client.compute(**problem, targets=mixture)
    assert smooth.loss == pytest.approx(mixed.loss, rel=1e-15)
    np.testing.assert_allclose(smooth.dscores, mixed.dscores, atol=1e-16)


def test_smoothing_with_class_weights_divides_by_the_labels_weights(client):
    """PyTorch's: q spreads over the weighed classes, D stays Σ c_y."""
    problem = {"scores": [[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]], "labels": [2, 0]}
    of_classes = np.array([1.0, 2.0, 3.0])
    result = client.compute(**problem, class_weights=of_classes, label_smoothing=0.3)
    scores = np.array(problem["scores"])
    log_probs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    q = of_classes * (0.7 * np.eye(3)[problem["labels"]] + 0.1)
    assert result.denominator == 4
    assert result.loss == pytest.approx(-(q * log_probs).sum() / 4, rel=1e-14)


def test_temperature_divides_the_scores(client):
    problem = problems.labelled("scores", seed=53)
    hot = client.compute(**problem, temperature=4)
    divided = client.compute(**problem | {"scores": problem["scores"] / 4})
    assert hot.loss == pytest.approx(divided.loss, rel=1e-15)
    np.testing.assert_allclose(hot.dscores, divided.dscores / 4, rtol=1e-14)


def test_softcap_bounds_the_scores(client):
    scores, cap = np.array([[500.0, -3.0, 0.0]]), 30.0
    want = ["log_partition", "loss", "dscores"]
    capped = client.compute(scores=scores, labels=[1], softcap=cap, want=want)
    z = cap * np.tanh(scores / cap)
    by_hand = client.compute(scores=z, labels=[1], want=want)
    assert capped.loss == pytest.approx(by_hand.loss, rel=1e-15)
    slope = 1 / np.cosh(scores / cap) ** 2
    np.testing.assert_allclose(capped.dscores, by_hand.dscores * slope, rtol=1e-13)
    assert capped.dscores[0, 0] > 0, "1 − tanh² would be 0 here"


def test_temperature_comes_before_the_softcap(client):
    scores = np.array([[6.0, -2.0, 1.0]])
    both = client.compute(scores=scores, labels=[1], temperature=2, softcap=3)
    z = 3 * np.tanh(scores / 2 / 3)
    assert both.loss == pytest.approx(client.compute(scores=z, labels=[1]).loss, rel=1e-15)


def test_z_loss_is_the_mean_square_of_the_log_partition(client):
    problem = problems.labelled("scores", rows=3, seed=54)
    weights = np.array([1.0, 2.0, 0.5])
    want = ["log_partition", "loss"]
    result = client.compute(**problem, sample_weights=weights, z_loss=0.3, want=want)
    expected = 0.3 * (weights @ result.log_partition**2) / weights.sum()
    assert result.z_loss == pytest.approx(expected, rel=1e-14)
    assert result.loss == result.data_loss + result.z_loss


def test_hinge_with_weights(client):
    problem = {"scores": [[1.0, 2.0, 0.5], [0.0, 0.0, 3.0]], "labels": [0, 2], "loss": "hinge"}
    result = client.compute(
        **problem,
        sample_weights=[2.0, 1.0],
        class_weights=[3.0, 1.0, 0.5],
        want=["row_losses", "loss", "dscores"],
    )
    np.testing.assert_array_equal(result.row_losses, [6 * 2.5, 0])
    assert result.denominator == 6.5
    np.testing.assert_allclose(result.dscores, np.array([[-12, 6, 6], [0, 0, 0]]) / 6.5)


def test_hinge_margin(client):
    scores = {"scores": [[0.0, -1.5, 0.25]], "labels": [0], "loss": "hinge"}
    assert [client.compute(**scores, margin=m).loss for m in (0, 1, 2)] == [0.25, 1.25, 2.75]


def test_hinge_gives_the_softmax_of_its_scores(client):
    problem = problems.labelled("scores", seed=55)
    want = ["probs", "log_partition", "predictions"]
    hinge, softmax = (
        client.compute(**problem, loss=name, want=want) for name in ("hinge", "softmax")
    )
    for name in want:
        assert hinge.arrays[name].tobytes() == softmax.arrays[name].tobytes()


def test_accuracy_counts_live_rows(client):
    scores = [[2.0, 1.0], [0.0, 1.0], [3.0, 0.0], [0.0, 4.0]]
    problem = {"scores": scores, "labels": [0, 0, 7, 1], "ignore_index": 7}
    everything = client.compute(**problem, want=["accuracy"])
    assert everything.accuracy == pytest.approx(2 / 3, rel=1e-15)
    weighed = client.compute(**problem, sample_weights=[1.0, 0.0, 1.0, 5.0], want=["accuracy"])
    assert weighed.accuracy == 1


def test_accuracy_of_no_live_row_is_nan(client):
    problem = {"scores": [[2.0, 1.0]], "labels": [1], "ignore_index": 1}
    assert np.isnan(client.compute(**problem, want=["accuracy"]).accuracy)
