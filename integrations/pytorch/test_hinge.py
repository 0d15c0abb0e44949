"""``multi_margin_loss``, which divides by C where we do not; the terms are the same."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from integrations import drawing
from integrations.agreement import assert_agree, row_allowances, sizes
from integrations.drawing import LARGEST_WEIGHT, REDUCTIONS, dtypes, fixed
from integrations.ours import compute
from integrations.pytorch.losses import answer, optional

MARGINS = st.sampled_from([0.0, 0.5, 1.0, 3.0])


def hinge(problem, scores):
    """Return C times PyTorch's loss, whose mean knows no weights: it divides by N."""
    losses = functional.multi_margin_loss(
        scores,
        torch.tensor(problem["labels"]),
        margin=problem["margin"],
        weight=optional(problem.get("class_weights")),
        reduction=problem["reduction"],
    )
    return scores.shape[1] * losses


def hold(problem):
    scores = problem["scores"]
    weight = (LARGEST_WEIGHT + problem["margin"]) * scores.shape[1]
    theirs = answer(lambda at: hinge(problem, at), scores)
    assert_agree(
        compute(**problem, loss="hinge"), theirs, row_allowances(scores, sizes(scores), weight)
    )


@dtypes
@given(data=st.data())
@fixed
def test_reductions_and_masks(dtype, data):
    problem = data.draw(drawing.with_masks(drawing.labelled(dtype)))
    hold(problem | {"margin": data.draw(MARGINS), "reduction": data.draw(REDUCTIONS)})


@dtypes
@given(data=st.data())
@fixed
def test_class_weights(dtype, data):
    problem = data.draw(drawing.labelled(dtype)) | {"margin": data.draw(MARGINS)}
    problem |= {"reduction": data.draw(st.sampled_from(["sum", "none"]))}
    hold(problem | data.draw(drawing.class_weights(problem)))


def test_the_kink_has_no_slope():
    problem = {"labels": [0], "margin": 1.0, "reduction": "sum", "want": drawing.WANT}
    hold(problem | {"scores": np.array([[1.0, 0.0, 3.0]])})
