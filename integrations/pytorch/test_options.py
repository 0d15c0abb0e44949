"""Temperature, softcap and z-loss, which PyTorch's users compose and autograd derives."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from integrations import drawing
from integrations.agreement import assert_agree, row_allowances, sizes
from integrations.drawing import LARGEST_WEIGHT, REDUCTIONS, fixed
from integrations.ours import compute
from integrations.pytorch.losses import answer, cross_entropy_of

TEMPERATURES = st.sampled_from([0.3, 1.0, 4.0])
SOFTCAPS = st.sampled_from([None, 2.5, 30.0, 1e4])
Z_LOSSES = st.sampled_from([0.0, 1e-4, 0.5])


def softmax_sees(problem, scores):
    """Return softcap·tanh(u/softcap) with u = s/temperature."""
    u, softcap = scores / problem["temperature"], problem["softcap"]
    return u if softcap is None else softcap * torch.tanh(u / softcap)


def composed(problem, scores):
    """Return the loss with α·lse² beside it; all rows live, so that both have one divisor."""
    z = softmax_sees(problem, scores)
    z_terms = problem["z_loss"] * torch.logsumexp(z, 1) ** 2
    losses = cross_entropy_of(problem, z)
    if problem["reduction"] == "mean":
        return losses + z_terms.sum() / divisor(problem)
    return losses.sum() + z_terms.sum()


def divisor(problem):
    weights = problem.get("class_weights")
    return len(problem["scores"]) if weights is None else weights[problem["labels"]].sum()


@given(data=st.data())
@fixed
def test_composed_with_autograd(data):
    problem = data.draw(drawing.labelled(np.float64)) | {"reduction": data.draw(REDUCTIONS)}
    problem |= data.draw(drawing.class_weights(problem))
    problem |= {
        "temperature": data.draw(TEMPERATURES),
        "softcap": data.draw(SOFTCAPS),
        "z_loss": data.draw(Z_LOSSES),
        "label_smoothing": data.draw(st.sampled_from([0.0, 0.1])),
    }
    assert_agree(
        compute(**problem),
        answer(lambda at: composed(problem, at), problem["scores"]),
        allowances(problem),
    )


def allowances(problem):
    """Return what a row may be off: z-terms multiply errors of lse, 1/temperature all."""
    size = sizes(problem["scores"]) / problem["temperature"]
    slope = max(1.0, 1 / problem["temperature"])
    pull = 1 + 2 * problem["z_loss"] * (size + 3)
    return row_allowances(problem["scores"], size, LARGEST_WEIGHT * slope * pull)
