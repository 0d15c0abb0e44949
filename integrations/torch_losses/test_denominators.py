"""Batches in parts that equal the whole: what to divide by, and micro-batches that do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import distributed
from torch.nn import functional

from integrations.drawing import fixed
from integrations.torch_losses.cases import cases
from lossgrad import InvalidArgument
from lossgrad.torch import batch_denominator, cross_entropy, ddp_denominator, linear_cross_entropy

ROWS, PARTS = 12, (5, 1, 6)


@given(data=st.data())
@fixed
def test_denominator_is_that_of_the_service(client, data):
    case = data.draw(cases(torch.float64))
    assume(not case.is_one_row_of_probabilities)
    options = case.options | {"reduction": "mean"}
    options.pop("label_smoothing")
    with client.recorded():
        cross_entropy(**case.tensors, **options, client=client)
    told_by = {name: case.tensors[name] for name in ("target", "weight") if name in case.tensors}
    options.pop("reduction")
    found = batch_denominator(**told_by, **options)
    assert found == pytest.approx(client.results[0].denominator, rel=1e-14, abs=1e-14)


def test_sample_weights():
    target, weights = torch.tensor([0, 2, -100]), torch.tensor([0.5, 2.0, 8.0])
    assert batch_denominator(target, sample_weights=weights) == 2.5
    assert batch_denominator(target, weight=torch.tensor([1, 2, 3.0])) == 4.0
    shares = torch.rand(3, 4)
    assert batch_denominator(shares) == 3
    assert batch_denominator(shares, sample_weights=weights) == 10.5
    assert batch_denominator(target, sample_weights=target > 0) == 1


REFUSED = {
    "class without a weight": ({"weight": torch.ones(2)}, "^target: must be in .0, 2."),
    "weights of other rows": ({"sample_weights": torch.ones(2)}, "^sample_weights: must have"),
    "no target": ({"target": None}, "^target: must be given"),
    "indices as floats": ({"target": torch.ones(3)}, "^target: .*indices need an integer dtype$"),
    "no tensor": ({"weight": [1.0, 2.0]}, "^weight: must be a tensor"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_denominator(name):
    arguments, message = REFUSED[name]
    with pytest.raises(InvalidArgument, match=message):
        batch_denominator(**{"target": torch.tensor([0, 2, -100]), **arguments})


@pytest.fixture
def group():
    """This process alone."""
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield distributed.group.WORLD
    distributed.destroy_process_group()


def test_a_batch_of_padding(client, group):
    """The loss that nothing counts in, as the examples of both functions write it."""
    target = torch.full((3,), -100)
    for whole in (batch_denominator(target), ddp_denominator(target, group=group)):
        assert whole == 0
        at = torch.randn(3, 4).requires_grad_()
        loss = cross_entropy(at, target, client=client, denominator=whole or None)
        loss.backward()
        assert loss == 0
        assert not at.grad.any()


def batch(dtype):
    torch.manual_seed(0)
    target = torch.randint(0, 3, (ROWS,))
    target[::4] = -100
    weight = torch.tensor([1.0, 2.0, 0.5], dtype=dtype)
    return torch.randn(ROWS, 4, dtype=dtype), target, weight


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64], ids=str)
def test_rows_of_micro_batches_are_those_of_the_whole(remote, dtype):
    """Bit for bit (contract §5)."""
    rows, target, weight = batch(dtype)
    scores = rows[:, :3]
    whole = batch_denominator(target, weight=weight)

    def gradient_of(at, target):
        at = at.detach().requires_grad_()
        options = {"weight": weight, "denominator": whole, "client": remote}
        cross_entropy(at, target, **options).backward()
        return at.grad

    parts = map(gradient_of, scores.split(PARTS), target.split(PARTS))
    assert torch.equal(torch.cat(list(parts)), gradient_of(scores, target))


def test_sums_over_micro_batches_are_those_of_the_whole(remote):
    """To a few roundings in float64; and they are those of PyTorch's mean."""
    rows, target, weight = batch(torch.float64)
    whole = batch_denominator(target, weight=weight)
    layer = torch.nn.Linear(4, 3, dtype=torch.float64)

    def accumulated(parts):
        layer.zero_grad()
        losses = []
        for at, of in zip(rows.split(parts), target.split(parts), strict=True):
            options = {"weight": weight, "denominator": whole, "client": remote}
            losses.append(linear_cross_entropy(at, layer.weight, of, layer.bias, **options))
            losses[-1].backward()
        return torch.stack(losses).sum().detach(), layer.weight.grad, layer.bias.grad

    expected = accumulated(ROWS)
    for part, of_whole in zip(accumulated(PARTS), expected, strict=True):
        np.testing.assert_allclose(part, of_whole, rtol=0, atol=4 * np.finfo(float).eps)
    layer.zero_grad()
    functional.cross_entropy(layer(rows), target, weight).backward()
    torch.testing.assert_close(layer.weight.grad, expected[1], rtol=1e-13, atol=1e-15)
