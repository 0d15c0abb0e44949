"""Contract §5 for targets, label smoothing and the z-term: the bound is scaled by each entry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kernels.drawing import batches
from tests.kernels.errors import dtypes, quick, worst_error


@dtypes
@given(
    batch=batches(),
    smoothing=st.sampled_from([0.0, 0.1, 1.0]),
    z_loss=st.sampled_from([0.0, 1e-3, 0.5]),
)
@quick
def test_smoothing_and_z_loss(within, dtype, batch, smoothing, z_loss):
    scores, labels = batch
    error = worst_error(scores.astype(dtype), labels, label_smoothing=smoothing, z_loss=z_loss)
    within(f"smoothing and z-loss {dtype.__name__}", error)


@dtypes
@given(batch=batches(), seed=st.integers(0, 1000))
@quick
def test_targets(within, dtype, batch, seed):
    scores = batch[0].astype(dtype)
    shares = np.random.default_rng(seed).random(scores.shape).astype(dtype)
    targets = np.where(np.isinf(scores), 0, shares)
    within(f"targets {dtype.__name__}", worst_error(scores, targets))


@dtypes
@pytest.mark.parametrize("left", [1.0, 0.1, 1e-3])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_z_loss_whose_pull_cancels(within, dtype, left, smoothing):
    """Q + 2αa·lse is nearly 0: its digits are those of lse that are left."""
    rng = np.random.default_rng(1)
    scores = np.log(rng.dirichlet(np.ones(4), 30)) - 1 - left
    weights = {"sample_weights": rng.random(30), "label_smoothing": smoothing}
    error = worst_error(scores.astype(dtype), [0] * 30, z_loss=0.5, **weights)
    within(f"cancelling pull {dtype.__name__}", error)


@dtypes
@pytest.mark.parametrize("options", [{"label_smoothing": 0.1}, {"z_loss": 0.1}], ids=str)
@pytest.mark.parametrize("gap", [17.0, 40.0, 88.0, 104.0])
def test_confident_rows(within, dtype, gap, options):
    scores = np.array([[gap, 0.0], [gap, -gap], [1e8 + gap, 1e8]], dtype)
    for label in (0, 1):
        within(f"confident, soft {dtype.__name__}", worst_error(scores, [label] * 3, **options))
