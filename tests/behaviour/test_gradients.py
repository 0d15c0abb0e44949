"""Every gradient of every input form and option against central differences."""

from __future__ import annotations

import numpy as np
import pytest

import lossgrad
from tests.behaviour import cases, differences, problems
from tests.behaviour.drawing import for_all

LOCAL = lossgrad.Client("local:")

TOLERANCE = 2e-9
"""Of |loss| + largest gradient; the bar for a good gradient is 1e-7 relative."""

INPUT_OF = {
    "dscores": "scores",
    "dw2": "w2",
    "db2": "b2",
    "dh1": "h1",
    "dw1": "w1",
    "db1": "b1",
    "dx": "x",
    "dtargets": "targets",
}


def with_biases(problem):
    """Return the problem with absent biases as zeros, which mean the same."""
    added = {}
    if "w2" in problem:
        added["b2"] = np.zeros(problem["w2"].shape[1])
    if "w1" in problem:
        added["b1"] = np.zeros(problem["w1"].shape[1])
    return added | problem


def movable(name, at):
    """Return which entries a step may move: no mask, and no target of a masked class."""
    return at != 0 if name == "dtargets" else np.isfinite(at)


def loss_of(problem):
    """Return the loss without a server, which takes a fraction of the time."""
    return LOCAL.compute(**problem, want=["loss"]).loss


def hold(client, problem, name):
    analytic = client.compute(**problem, want=["loss", name])
    full = with_biases(problem)
    assert analytic.loss == pytest.approx(loss_of(full), rel=1e-15)
    at = full[INPUT_OF[name]]

    def loss(moved):
        return loss_of(full | {INPUT_OF[name]: moved})

    numeric = differences.gradient(loss, at, movable(name, at))
    scale = max(1.0, abs(analytic.loss), np.abs(numeric).max())
    np.testing.assert_allclose(
        analytic.arrays[name], numeric, rtol=0, atol=TOLERANCE * scale, err_msg=name
    )


def hold_all(client, problem):
    for name, source in INPUT_OF.items():
        if source in with_biases(problem):
            hold(client, problem, name)


def test_softmax(client, examples):
    for_all(cases.softmax_cases(), examples, lambda case: hold_all(client, case))


def test_hinge(client, examples):
    for_all(cases.hinge_cases(), examples, lambda case: hold_all(client, case))


OPTIONS = [
    {},
    {"label_smoothing": 0.2},
    {"temperature": 0.5},
    {"softcap": 2.0},
    {"z_loss": 0.1},
    {"reduction": "sum"},
    {"reduction": "none"},
    {"denominator": 7.0},
    {"class_weights": [1.0, 2.0, 0.5, 0.0]},
    {"sample_weights": [1.0, 0.0, 0.5, 2.0, 3.0]},
    {"ignore_index": 2},
    {"loss": "hinge"},
    {"temperature": 1.5, "softcap": 3.0, "label_smoothing": 0.1, "z_loss": 0.01},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_scores_with_each_option(client, options):
    hold(client, problems.labelled("scores", rows=5, seed=3) | options, "dscores")


@pytest.mark.parametrize("convention", ["half", "full"])
@pytest.mark.parametrize("name", ["dw2", "dw1"])
def test_both_conventions(client, convention, name):
    problem = problems.labelled("x", rows=3, seed=3)
    hold(client, problem | {"reg": 0.3, "reg_convention": convention}, name)


def test_hinge_gradient_is_zero_at_the_kink(client):
    result = client.compute(scores=[[1.0, 0.0, 3.0]], labels=[0], loss="hinge")
    np.testing.assert_array_equal(result.dscores, [[-1.0, 0.0, 1.0]])
