"""``HalfMultinomialLoss.loss_gradient``, the loss of LogisticRegression and of boosted trees."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn._loss.loss import HalfMultinomialLoss

from integrations import drawing
from integrations.agreement import assert_agree, row_allowances, sizes, spreads
from integrations.drawing import LARGEST_WEIGHT, dtypes, fixed
from integrations.ours import compute
from integrations.scikit_learn.losses import half_multinomial


def several_classes(dtype):
    """Draw labelled rows with masks; a single class is none of theirs."""
    problems = drawing.with_masks(drawing.labelled(dtype))
    return problems.filter(lambda problem: problem["scores"].shape[1] > 1)


@dtypes
@given(data=st.data())
@fixed
def test_sample_weights_and_masks(dtype, data):
    problem = data.draw(several_classes(dtype))
    scores = problem["scores"]
    weights = data.draw(drawing.generators).uniform(0, LARGEST_WEIGHT, len(scores)).astype(dtype)
    problem |= data.draw(st.sampled_from([{}, {"sample_weights": weights}]))
    allowed = row_allowances(scores, sizes(scores), LARGEST_WEIGHT)
    assert_agree(compute(**problem, reduction="none"), half_multinomial(problem), allowed)


@dtypes
@given(data=st.data())
@fixed
def test_probabilities(dtype, data):
    problem = data.draw(several_classes(dtype))
    scores, labels = problem["scores"], problem["labels"]
    _, theirs = HalfMultinomialLoss(n_classes=scores.shape[1]).gradient_proba(
        y_true=labels.astype(dtype), raw_prediction=scores
    )
    ours = compute(scores=scores, labels=labels, want=["probs"]).probs
    assert np.all(np.abs(ours - theirs) <= row_allowances(scores, spreads(scores))[:, None])
