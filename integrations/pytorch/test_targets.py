"""``cross_entropy`` with probability targets, and the gradient of the targets themselves."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from integrations import drawing
from integrations.agreement import assert_agree, row_allowances, spreads
from integrations.drawing import LARGEST_WEIGHT, REDUCTIONS, dtypes, fixed
from integrations.ours import compute
from integrations.pytorch.losses import cross_entropy, cross_entropy_of, leaf

SMOOTHINGS = st.sampled_from([0.0, 0.1, 1.0])


def allowances(problem):
    """Return what a row may be off, whose targets weigh up to LARGEST_WEIGHT each."""
    scores = problem["scores"]
    return row_allowances(scores, spreads(scores), LARGEST_WEIGHT**2 * scores.shape[1])


@dtypes
@given(data=st.data())
@fixed
def test_weights_and_smoothing(dtype, data):
    """Sums other than 1 included: PyTorch's gradient is Q·p − q as well."""
    problem = data.draw(drawing.targeted(dtype)) | {"reduction": data.draw(REDUCTIONS)}
    problem |= data.draw(drawing.class_weights(problem))
    problem |= {"label_smoothing": data.draw(SMOOTHINGS)}
    assert_agree(compute(**problem), cross_entropy(problem), allowances(problem))


@given(data=st.data())
@fixed
def test_gradient_of_the_targets(data):
    problem = data.draw(drawing.targeted(np.float64))
    problem |= data.draw(drawing.class_weights(problem))
    problem |= {"label_smoothing": data.draw(SMOOTHINGS)}
    ours = compute(**problem | {"want": ["dtargets"]}).dtargets
    targets = leaf(problem["targets"])
    cross_entropy_of(problem | {"targets": targets}, torch.tensor(problem["scores"])).backward()
    assert targets.grad is not None
    allowed = allowances(problem)[:, None] / len(ours)
    assert np.all(np.abs(ours - targets.grad.numpy()) <= allowed)
