"""A log-partition whose square is beyond float64."""

from __future__ import annotations

import numpy as np
import pytest


def test_a_small_weight_brings_it_back(client):
    weights = {"sample_weights": [1e-10], "reduction": "sum"}
    result = client.compute(scores=[[1e155, 0.0]], labels=[0], z_loss=0.1, **weights)
    assert result.loss == pytest.approx(1e299, rel=1e-14)


def test_it_is_infinite_and_not_nan(client):
    result = client.compute(scores=[[1e200, 0.0]], labels=[0], z_loss=0.1)
    assert result.loss == np.inf
    assert result.dscores[0, 0] == pytest.approx(2e199, rel=1e-14)


def test_infinity_under_a_softcap_is_nan(client):
    options = {"softcap": 30.0, "z_loss": 1.0, "nonfinite": "propagate"}
    result = client.compute(scores=[[np.inf, 1.0]], labels=[1], **options)
    assert np.isnan(result.z_loss)
