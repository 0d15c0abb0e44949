"""``torch.autograd.gradcheck`` through a node that calls lossgrad."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.autograd.gradcheck import GradcheckError

from integrations.pytorch.autograd import GRADIENT_OF, Loss
from tests.behaviour import problems

STEP, TOLERANCE = 1e-5, 1e-8
"""A central difference is off by STEP²·f‴/6 and by the roundings of f over STEP."""

OPTIONS = [
    {},
    {"reduction": "sum"},
    {"label_smoothing": 0.2},
    {"temperature": 0.5},
    {"softcap": 2.0},
    {"z_loss": 0.1},
    {"denominator": 7.0},
    {"ignore_index": 2},
    {"class_weights": [1.0, 2.0, 0.5, 0.0]},
    {"sample_weights": [1.0, 0.0, 0.5, 2.0, 3.0]},
    {"loss": "hinge"},
    {"temperature": 1.5, "softcap": 3.0, "label_smoothing": 0.1, "z_loss": 0.01},
]


def hold(problem):
    movable = {name: value for name, value in problem.items() if name in GRADIENT_OF}
    fixed = {name: value for name, value in problem.items() if name not in GRADIENT_OF}
    leaves = [torch.tensor(value).requires_grad_() for value in movable.values()]
    assert torch.autograd.gradcheck(
        lambda *tensors: Loss.apply(fixed, list(movable), *tensors),
        leaves,
        eps=STEP,
        atol=TOLERANCE,
        rtol=TOLERANCE,
    )


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("form", problems.FORMS)
def test_every_form_with_each_option(form, options):
    hold(problems.labelled(form, seed=3) | options)


@pytest.mark.parametrize("convention", ["half", "full"])
def test_penalty(convention):
    hold(problems.labelled("x", seed=4) | {"reg": 0.3, "reg_convention": convention})


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.2}, {"z_loss": 0.1}], ids=str)
def test_targets(options):
    problem = problems.inputs("scores", seed=5)
    targets = np.random.default_rng(5).uniform(0.1, 1.0, problem["scores"].shape)
    hold(problem | {"targets": targets} | options)


def test_a_gradient_that_is_not_divided_is_found():
    """The check itself: it sees the gradient of the sum beside the loss of the mean."""

    class Undivided(Loss):
        @staticmethod
        def backward(ctx, upstream):
            return None, None, *(5 * upstream * gradient for gradient in ctx.saved_tensors)

    fixed = {"labels": problems.labels()}
    scores = torch.tensor(problems.inputs("scores")["scores"]).requires_grad_()
    with pytest.raises(GradcheckError):
        torch.autograd.gradcheck(lambda at: Undivided.apply(fixed, ["scores"], at), [scores])
