"""The linear head and the two-layer net, all gradients against autograd's."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from integrations.drawing import REDUCTIONS, dtypes, fixed
from integrations.ours import compute
from integrations.pytorch.losses import cross_entropy_of, leaf
from tests.behaviour import problems

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-13}
"""Of the largest number of a gradient, or of 1: 100 roundings of numbers of some tens at most."""

INPUT_OF = {"dw2": "w2", "db2": "b2", "dh1": "h1", "dw1": "w1", "db1": "b1", "dx": "x"}


@st.composite
def nets(draw, form, dtype):
    """Draw a head or a net with labels, of 1 to 6 in each of its sizes."""
    size = st.integers(1, 6)
    return problems.labelled(
        form,
        seed=draw(st.integers(0, 2**20)),
        rows=draw(size),
        classes=draw(size),
        hidden=draw(size),
        width=draw(size),
        dtype=dtype,
        with_biases=draw(st.booleans()),
    )


def squares(tensors):
    return sum((tensors[name] ** 2).sum() for name in ("w1", "w2") if name in tensors)


def forward(problem, tensors):
    """Return the loss of the net, the penalty included, as its users write it."""
    hidden = tensors.get("h1")
    if hidden is None:
        hidden = torch.relu(tensors["x"] @ tensors["w1"] + tensors.get("b1", 0))
    scores = hidden @ tensors["w2"] + tensors.get("b2", 0)
    share = 0.5 if problem["reg_convention"] == "half" else 1.0
    penalty = problem["reg"] * share * squares(tensors)
    return cross_entropy_of(problem, scores).sum() + penalty


def hold(problem):
    tensors = {name: leaf(problem[name]) for name in INPUT_OF.values() if name in problem}
    loss = forward(problem, tensors)
    loss.backward()
    wanted = [gradient for gradient, name in INPUT_OF.items() if name in tensors]
    ours = compute(**problem, want=["loss", *wanted])
    assert_close(ours.loss, loss.detach(), "loss", problem)
    for name in wanted:
        assert_close(ours.arrays[name], tensors[INPUT_OF[name]].grad, name, problem)


def assert_close(ours, theirs, name, problem):
    scale = max(1.0, float(theirs.abs().max()))
    allowed = TOLERANCE[problem["w2"].dtype.type] * scale
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=allowed, err_msg=name)


OPTIONS = st.fixed_dictionaries(
    {
        "reg": st.sampled_from([0.0, 0.25]),
        "reg_convention": st.sampled_from(["half", "full"]),
        "reduction": REDUCTIONS,
        "label_smoothing": st.sampled_from([0.0, 0.1]),
    }
)


@dtypes
@given(data=st.data())
@fixed
def test_head(dtype, data):
    hold(data.draw(nets("h1", dtype)) | data.draw(OPTIONS))


@dtypes
@given(data=st.data())
@fixed
def test_two_layers(dtype, data):
    hold(data.draw(nets("x", dtype)) | data.draw(OPTIONS))


@dtypes
def test_head_of_many_rows_and_classes(dtype):
    """Several tiles; dW2 of float32 adds up in float64 here and in float32 there."""
    net = problems.labelled("h1", rows=600, classes=300, hidden=40, seed=1, dtype=dtype)
    hold(net | {"reg": 0.0, "reg_convention": "half", "w2": net["w2"] * dtype(0.2)})
