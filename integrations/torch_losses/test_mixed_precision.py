"""Autocast and scaled losses: 16 bits lose nothing that float32 had."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from lossgrad.torch import cross_entropy, linear_cross_entropy

HALVES = [torch.float16, torch.bfloat16]
SCALE = 2.0**16
"""What ``torch.amp.GradScaler`` begins with."""

halves = pytest.mark.parametrize("half", HALVES, ids=str)
TARGET = torch.tensor([0, 2, 1, 1])


def under_autocast(half, loss_of):
    with torch.autocast("cpu", half):
        return loss_of()


@halves
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_dtype_of_the_loss(client, half, reduction):
    """PyTorch's own: that of the input, but under autocast of 32 bits at least."""
    at = torch.randn(4, 3)
    for dtype in (half, torch.float32, torch.float64):
        arguments = {"input": at.to(dtype), "target": TARGET, "reduction": reduction}

        def ours(arguments=arguments):
            return cross_entropy(**arguments, client=client)

        def theirs(arguments=arguments):
            return functional.cross_entropy(**arguments)

        assert ours().dtype == theirs().dtype == dtype
        assert under_autocast(half, ours).dtype == under_autocast(half, theirs).dtype


@halves
def test_small_gradients_survive_scaling(client, half):
    """Rounded to 16 bits before they were scaled, those of float16 would be 0."""
    at = torch.tensor([[30.0, 10.0, 0.0]]).to(half).requires_grad_()

    def scaled(loss_of, at):
        return torch.autograd.grad(SCALE * loss_of(at), at)[0]

    ours = scaled(
        lambda at: under_autocast(half, lambda: cross_entropy(at, TARGET[:1], client=client)), at
    )
    wide = at.detach().float().requires_grad_()
    theirs = scaled(lambda at: functional.cross_entropy(at, TARGET[:1]), wide)
    assert ours.dtype == half
    assert ours[0, 1] != 0
    assert torch.equal(ours[:, 1:], theirs[:, 1:].to(half))


@halves
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_training_step(client, half, reduction):
    """A net under autocast has the gradients that PyTorch's loss gives it, to 16 bits."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3))
    features = torch.randn(4, 6)

    def gradients(loss_of):
        with torch.autocast("cpu", half):
            loss = loss_of(net(features), TARGET, reduction=reduction).mean()
        assert loss.dtype == torch.float32
        return torch.autograd.grad(SCALE * loss, list(net.parameters()))

    def ours(*arguments, **options):
        return cross_entropy(*arguments, **options, client=client)

    for own, theirs in zip(gradients(ours), gradients(functional.cross_entropy), strict=True):
        size = float(theirs.abs().max())
        torch.testing.assert_close(own, theirs, rtol=0, atol=16 * torch.finfo(half).eps * size)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_layer_in_float32_behind_a_body_in_16_bits(client, reduction):
    """The layer's gradients are float32 throughout, in backward under autocast as well."""
    torch.manual_seed(0)
    rows, weight = torch.randn(4, 6).bfloat16(), torch.randn(3, 6).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        losses = linear_cross_entropy(rows, weight, TARGET, client=client, reduction=reduction)
        (ours,) = torch.autograd.grad(losses.mean(), weight)
    (theirs,) = torch.autograd.grad(
        functional.cross_entropy(functional.linear(rows.float(), weight), TARGET), weight
    )
    assert losses.dtype == ours.dtype == torch.float32
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
