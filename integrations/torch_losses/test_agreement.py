"""Forward and backward agree with PyTorch's functions over wide random options.

PyTorch is asked in float64 for the same numbers: its own 16 bits are coarse.
"""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from integrations.drawing import LARGEST_WEIGHT, fixed
from integrations.torch_losses.cases import DTYPES, Case, Outcome, cases, linear_cases
from lossgrad.torch import cross_entropy, linear_cross_entropy

dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)

LARGEST_UPSTREAM = 5.0
"""No normal number of the tests is larger."""


@dtypes
@given(data=st.data())
@fixed
def test_cross_entropy(client, dtype, data):
    case = data.draw(cases(dtype))
    ours = case.outcome(cross_entropy, client=client)
    assert_agree(ours, case.widened().outcome(functional.cross_entropy), _size(case))


@dtypes
@given(data=st.data())
@fixed
def test_linear_cross_entropy(client, dtype, data):
    case = data.draw(linear_cases(dtype))
    ours = case.outcome(linear_cross_entropy, client=client)
    theirs = case.widened().outcome(functional.linear_cross_entropy)
    assert_agree(ours, theirs, _size(case) ** 2)


def _size(case: Case) -> float:
    """Return the largest number that is rounded on the way, or more."""
    largest = max(float(t.abs().max()) for t in case.tensors.values() if t.is_floating_point())
    return 8 + case.tensors["input"].numel() + 2 * largest


def assert_agree(ours: Outcome, theirs: Outcome, size: float):
    assert_close(ours.loss, theirs.loss, size * LARGEST_WEIGHT / abs(ours.denominator))
    assert ours.gradients.keys() == theirs.gradients.keys()
    for name, gradient in ours.gradients.items():
        allowed = size * LARGEST_WEIGHT * LARGEST_UPSTREAM / abs(ours.denominator)
        assert_close(gradient, theirs.gradients[name], allowed)


def assert_close(ours: Tensor, theirs: Tensor, size: float):
    """Hold ours to roundings of `size` in float32 or float64, and to one to its own dtype."""
    computed_in = torch.promote_types(ours.dtype, torch.float32)
    rounded = torch.finfo(ours.dtype).eps * theirs.abs() + torch.finfo(ours.dtype).smallest_normal
    allowed = torch.finfo(computed_in).eps * size + rounded
    assert ours.shape == theirs.shape
    assert bool(((ours.double() - theirs).abs() <= allowed).all()), f"{ours}\n{theirs}"


@dtypes
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_over_each_protocol(remote, client, dtype, reduction):
    """The same bits as in process, which the other tests hold against PyTorch's."""
    for case in fixed_cases(dtype, reduction):
        loss_of = linear_cross_entropy if "linear_weight" in case.tensors else cross_entropy
        ours, expected = (case.outcome(loss_of, client=each) for each in (remote, client))
        assert torch.equal(ours.loss, expected.loss)
        for name, gradient in expected.gradients.items():
            assert gradient.dtype == dtype
            assert torch.equal(ours.gradients[name], gradient)


def fixed_cases(dtype: torch.dtype, reduction: str) -> list[Case]:
    torch.manual_seed(0)
    options = {"reduction": reduction, "label_smoothing": 0.1}
    indices, weight = torch.tensor([[0, 1], [-100, 2]]), torch.tensor([1.0, -0.5, 2.0])
    of_images = {"input": torch.randn(2, 3, 2).to(dtype), "target": indices, "weight": weight}
    layer = {
        "input": torch.randn(4, 5).to(dtype),
        "linear_weight": torch.randn(3, 5).to(dtype),
        "linear_bias": torch.randn(3).to(dtype),
        "target": torch.rand(4, 3).to(dtype),
    }
    return [Case(of_images, options, 1), Case(layer, options, 2)]
