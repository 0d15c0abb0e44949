"""A score of −inf on a class other than the label masks the class."""

from __future__ import annotations

import numpy as np
import pytest

from tests.behaviour import problems
from tests.behaviour.problems import ROWS, SUMS


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 1.0])
def test_masked_class_is_as_if_deleted(client, smoothing):
    full = problems.inputs("scores", rows=4, classes=5, seed=34)["scores"]
    full[:, 2] = -np.inf
    kept = [0, 1, 3, 4]
    labels = np.array([0, 1, 3, 4])
    renumbered = np.array([0, 1, 2, 3])
    options = {"label_smoothing": smoothing, "want": ["loss", "dscores", "probs"]}
    masked = client.compute(scores=full, labels=labels, **options)
    deleted = client.compute(scores=full[:, kept], labels=renumbered, **options)
    assert masked.loss == pytest.approx(deleted.loss, rel=1e-15)
    for name in ("dscores", "probs"):
        assert not masked.arrays[name][:, 2].any()
        np.testing.assert_allclose(
            masked.arrays[name][:, kept], deleted.arrays[name], rtol=1e-14, atol=1e-17
        )


@pytest.mark.parametrize("form", ["h1", "x"])
def test_bias_of_minus_infinity_masks_its_class(client, form):
    problem = problems.labelled(form, classes=3, seed=35)
    problem["labels"] %= 2
    problem["b2"][2] = -np.inf
    want = ["loss", "probs", *ROWS[form], *SUMS[form]]
    result = client.compute(**problem, label_smoothing=0.1, want=want)
    assert np.isfinite(result.loss)
    for name in ("probs", "dscores", "dw2"):
        assert not result.arrays[name][:, 2].any(), name
    assert result.db2[2] == 0
    for name, value in result.arrays.items():
        assert np.isfinite(value).all(), name


@pytest.mark.parametrize(
    "option", [{"temperature": 2.0}, {"softcap": 3.0}, {"z_loss": 0.1}], ids=str
)
def test_mask_survives_the_options(client, option):
    scores = [[1.0, -np.inf, 0.5]]
    result = client.compute(scores=scores, labels=[0], **option)
    deleted = client.compute(scores=[[1.0, 0.5]], labels=[0], **option)
    assert result.loss == pytest.approx(deleted.loss, rel=1e-15)
    assert result.dscores[0, 1] == 0


def test_masked_class_has_no_gradient_of_its_target(client):
    result = client.compute(
        scores=[[1.0, -np.inf, 0.5]], targets=[[0.5, 0.0, 0.5]], want=["dscores", "dtargets"]
    )
    assert result.dtargets[0, 1] == 0
    assert result.dscores[0, 1] == 0
    assert (result.dtargets[0, [0, 2]] > 0).all()


def test_masked_class_with_class_weights(client):
    problem = {"scores": [[1.0, -np.inf, 0.5]], "labels": [2], "class_weights": [1.0, 9.0, 2.0]}
    result = client.compute(**problem, label_smoothing=0.2)
    deleted = client.compute(
        scores=[[1.0, 0.5]], labels=[1], class_weights=[1.0, 2.0], label_smoothing=0.2
    )
    assert result.loss == pytest.approx(deleted.loss, rel=1e-15)
    assert result.denominator == 2


def test_hinge_leaves_masked_classes_out(client):
    result = client.compute(scores=[[0.0, -np.inf, 0.5]], labels=[0], loss="hinge")
    assert result.loss == 1.5
    np.testing.assert_array_equal(result.dscores, [[-1, 0, 1]])


def test_one_unmasked_class_is_certain(client):
    result = client.compute(scores=[[-np.inf, 3.0]], labels=[1], want=["loss", "dscores", "probs"])
    assert result.loss == 0
    np.testing.assert_array_equal(result.dscores, [[0, 0]])
    np.testing.assert_array_equal(result.probs, [[0, 1]])


@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_one_class_costs_nothing(client, smoothing):
    result = client.compute(scores=[[5.0], [-2.0]], labels=[0, 0], label_smoothing=smoothing)
    assert result.loss == 0
    assert not result.dscores.any()


@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_class_of_weight_zero_adds_nothing_however_far_away(client, smoothing):
    """0·∞ = 0, also where the distance itself overflows."""
    problem = {"scores": [[1.7e308, -1.7e308]], "labels": [1], "class_weights": [1.0, 0.0]}
    result = client.compute(
        **problem, label_smoothing=smoothing, reduction="sum", want=["row_losses", "dscores"]
    )
    assert result.row_losses[0] == 0
    assert not result.dscores.any()
