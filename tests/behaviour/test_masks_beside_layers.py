"""Masks among scores that were sent beside the layers that they come from."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.errors import InvalidArgument

INF = np.inf
LAYERS = {"h1": np.ones((1, 1)), "w2": np.ones((1, 3))}


def test_masks_stay_masks_where_another_score_overflows_its_loss(client):
    scores = [[-INF, 1e308, -1e308]]
    result = client.compute(scores=scores, labels=[2], **LAYERS, want=["loss", "dh1"])
    assert result.loss == INF


def test_masked_label_has_its_own_text(client):
    with pytest.raises(InvalidArgument, match="label's class must not be masked"):
        client.compute(scores=[[-INF, 1.0, 2.0]], labels=[0], **LAYERS, want=["dh1"])


def test_ignored_row_with_nan_does_not_make_masks_of_others_wrong(client):
    layers = {"x": [[1.0], [np.nan]], "w1": [[1.0]], "w2": [[1.0, 2.0, 3.0]]}
    scores = [[-INF, 1.0, 2.0], [0.0, 0.0, 0.0]]
    labels = {"labels": [1, -1], "ignore_index": -1}
    result = client.compute(scores=scores, **labels, **layers, want=["dscores", "dx"])
    assert np.isfinite(result.dx).all()
    assert result.dscores[0, 0] == 0


@pytest.mark.parametrize(
    "options",
    [
        {"label_smoothing": 1.0},
        {"label_smoothing": 0.1, "class_weights": [0.0, 1.0, 1.0]},
        {"z_loss": 0.1, "class_weights": [0.0, 1.0, 1.0]},
    ],
    ids=str,
)
def test_masked_label_is_refused_though_it_weighs_nothing(client, options):
    with pytest.raises(InvalidArgument, match="label's class must not be masked"):
        client.compute(scores=[[-INF, 1.0, 2.0]], labels=[0], **options)


def test_masks_have_no_gradient_where_that_of_others_overflows(client):
    huge = {"sample_weights": [1e300], "denominator": 1e-100}
    result = client.compute(scores=[[-INF, 1.0, 2.0]], labels=[1], **huge)
    np.testing.assert_array_equal(result.dscores, [[0, -INF, INF]])
