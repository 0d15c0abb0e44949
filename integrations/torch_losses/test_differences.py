"""Where PyTorch's functions answer something else: both answers, side by side."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nan
from torch.nn import functional

from lossgrad import InvalidArgument
from lossgrad.torch import cross_entropy, linear_cross_entropy

INF = math.inf


def both(client, scores, target, **options):
    """Return loss and gradient of PyTorch's and of ours."""
    found = []
    for loss_of, more in ((functional.cross_entropy, {}), (cross_entropy, {"client": client})):
        at = torch.tensor(scores, dtype=torch.float64).requires_grad_()
        loss = loss_of(at, target, **options, **more)
        loss.sum().backward()
        found.append((loss.detach(), at.grad))
    return found


NOTHING_COUNTS = {
    "no rows": (torch.zeros(0, 3).tolist(), torch.zeros(0).long(), {}),
    "all ignored": ([[1.0, 2.0]], torch.tensor([-100]), {}),
    "class weight 0": ([[1.0, 2.0]], torch.tensor([0]), {"weight": torch.tensor([0.0, 1.0])}),
}


@pytest.mark.parametrize("name", NOTHING_COUNTS)
def test_mean_of_nothing(client, name):
    """NaN there; 0 here with gradients of 0, NaN where it is asked for, or an error."""
    scores, target, options = NOTHING_COUNTS[name]
    at = torch.tensor(scores).reshape(len(scores), -1 if len(scores) else 3).requires_grad_()
    assert functional.cross_entropy(at, target, **options).isnan()
    loss = cross_entropy(at, target, client=client, **options)
    loss.backward()
    assert loss == 0
    assert not at.grad.any()
    assert cross_entropy(at, target, client=client, empty_mean="nan", **options).isnan()
    with pytest.raises(InvalidArgument):
        cross_entropy(at, target, client=client, empty_mean="error", **options)


@pytest.mark.parametrize("name", ["NaN", "+inf", "label masked"])
def test_scores_without_a_gradient(client, name):
    """Silent there; named here, and the same as there where it is asked for."""
    row = {"NaN": [0.0, 1.0, nan], "+inf": [0.0, 1.0, INF], "label masked": [0.0, -INF, 1.0]}
    scores, target = [[1.0, 2.0, 0.0], row[name]], torch.tensor([1, 1])
    with pytest.raises(InvalidArgument, match=r"^input: .*\(1, "):
        cross_entropy(torch.tensor(scores), target, client=client)
    at = torch.tensor(scores).requires_grad_()
    theirs = functional.cross_entropy(at, target)
    ours = cross_entropy(at, target, client=client, nonfinite="propagate")
    torch.testing.assert_close(ours, theirs, equal_nan=True)
    gradients = (torch.autograd.grad(loss, at)[0] for loss in (ours, theirs))
    torch.testing.assert_close(*gradients, equal_nan=True)


def test_nan_in_an_ignored_row(client):
    """Its gradient is NaN there; 0 here."""
    scores, target = [[nan, 1.0, 0.0], [1.0, 2.0, 0.0]], torch.tensor([-100, 0])
    (their_loss, theirs), (our_loss, ours) = both(client, scores, target)
    torch.testing.assert_close(our_loss, their_loss)
    assert theirs[0].isnan().all()
    assert not ours[0].any()
    torch.testing.assert_close(ours[1], theirs[1])


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_nan_in_an_ignored_row_before_a_layer(client, reduction):
    """The whole gradient of the layer is NaN there; here it is that of the other rows."""
    rows, target = torch.tensor([[nan, 1.0], [1.0, 2.0]]), torch.tensor([-100, 0])
    weight = torch.tensor([[1.0, 0.5], [0.0, 2.0]]).requires_grad_()
    arguments = {"linear_weight": weight, "reduction": reduction}
    functional.linear_cross_entropy(rows, target=target, **arguments).sum().backward()
    assert weight.grad.isnan().all()
    losses = linear_cross_entropy(rows, target=target, client=client, **arguments)
    alone = linear_cross_entropy(rows[1:], target=target[1:], client=client, **arguments)
    gradients = (torch.autograd.grad(loss.sum(), weight)[0] for loss in (losses, alone))
    assert torch.equal(*gradients)


def test_smoothing_beside_a_mask(client):
    """Infinite there; here it covers the other classes, as if the masked one were not there."""
    scores, target = [[2.0, -INF, 1.0]], torch.tensor([0])
    (their_loss, _), (our_loss, ours) = both(client, scores, target, label_smoothing=0.1)
    assert their_loss == INF
    (without, gradient), _ = both(client, [[2.0, 1.0]], target, label_smoothing=0.1)
    torch.testing.assert_close(our_loss, without)
    torch.testing.assert_close(ours[:, [0, 2]], gradient)
    assert ours[0, 1] == 0


def test_target_of_zero_at_a_mask(client):
    """0·∞ is NaN there and 0 here; the gradients agree."""
    shares = torch.tensor([[0.7, 0.0, 0.3]], dtype=torch.float64)
    (their_loss, theirs), (our_loss, ours) = both(client, [[2.0, -INF, 1.0]], shares)
    assert their_loss.isnan()
    assert our_loss.isfinite()
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("label", [-1, 3])
def test_label_out_of_range(client, label):
    """One target is named there, without its row; rows and labels here."""
    scores, target = torch.ones(4, 3), torch.tensor([0, label, 1, label])
    with pytest.raises(IndexError, match=f"^Target {label} is out of bounds.$"):
        functional.cross_entropy(scores, target)
    with pytest.raises(InvalidArgument, match=rf"^target: .*2 labels .*row 1 has {label}.*row 3"):
        cross_entropy(scores, target, client=client)


def test_negative_probabilities(client):
    """Taken there; no probability here."""
    shares = torch.tensor([[1.0, -2.0, 0.0]])
    assert functional.cross_entropy(torch.ones(1, 3), shares).isfinite()
    with pytest.raises(InvalidArgument, match=r"^target: must not be negative; .*\(0, 1\)"):
        cross_entropy(torch.ones(1, 3), shares, client=client)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_indices_of_any_integer_dtype(client, dtype):
    """Bytes and 64 bits only, there."""
    target = torch.tensor([0, 2, 1])
    at = torch.randn(3, 3)
    ours = cross_entropy(at, target.to(dtype), client=client)
    torch.testing.assert_close(ours, functional.cross_entropy(at, target))


def test_weights_of_another_dtype(client):
    """Refused there."""
    at, target, weight = torch.randn(3, 3), torch.tensor([0, 2, 1]), torch.rand(3).double()
    with pytest.raises(RuntimeError, match="scalar type"):
        functional.cross_entropy(at, target, weight=weight)
    ours = cross_entropy(at, target, client=client, weight=weight)
    torch.testing.assert_close(ours, functional.cross_entropy(at, target, weight=weight.float()))


def test_float16_over_70_000_rows(client):
    """N overflows there, and loss and gradient are 0; scalars are float64 here."""
    at, target = torch.tensor([2, 0]).half().repeat(70_000, 1), torch.zeros(70_000).long()
    assert functional.cross_entropy(at, target) == 0
    at.requires_grad_()
    loss = cross_entropy(at, target, client=client)
    loss.backward()
    exact = math.log1p(math.exp(-2.0))
    assert loss.item() == pytest.approx(exact, rel=2e-3)
    assert at.grad[0, 1].item() == pytest.approx(-math.expm1(-exact) / 70_000, rel=0.02)


def test_confident_rows(client):
    """1 + T is 1 there; T is kept here."""
    (their_loss, theirs), (our_loss, ours) = both(client, [[40.0, 0.0]], torch.tensor([0]))
    assert their_loss == theirs[0, 0] == 0
    assert our_loss.item() == -ours[0, 0].item() == pytest.approx(math.exp(-40))


def test_ignored_index_beside_probabilities(client):
    """An error in both."""
    shares = torch.rand(2, 3)
    with pytest.raises(RuntimeError, match="ignore_index"):
        functional.cross_entropy(torch.ones(2, 3), shares, ignore_index=1)
    with pytest.raises(InvalidArgument, match=r"^ignore_index: "):
        cross_entropy(torch.ones(2, 3), shares, client=client, ignore_index=1)


def test_weights_with_more_axes(client):
    """PyTorch's K-dimensional layers are not known here: reshape, and use `cross_entropy`."""
    rows, weight = torch.randn(2, 5), torch.randn(3, 4, 5)
    target = torch.zeros(2, 4).long()
    assert functional.linear_cross_entropy(rows, weight, target).isfinite()
    with pytest.raises(InvalidArgument, match=r"^linear_weight: must have shape \(C, D\)"):
        linear_cross_entropy(rows, weight, target, client=client)
