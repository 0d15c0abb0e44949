"""Nothing is copied that need not be, and what comes back is the caller's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from integrations.torch_losses.cases import DTYPES
from lossgrad import InvalidArgument
from lossgrad.torch import cross_entropy, linear_cross_entropy

TARGET = torch.tensor([0, 2, 1, 1])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_tensors_are_sent_from_where_they_are(client, dtype):
    at, weight = torch.randn(4, 3).to(dtype).requires_grad_(), torch.rand(3).to(dtype)
    with client.recorded() as calls:
        cross_entropy(at, TARGET, client=client, weight=weight).backward()
    sent = {"scores": at, "labels": TARGET, "class_weights": weight}
    assert {name: calls[0][name].ctypes.data for name in sent} == {
        name: tensor.data_ptr() for name, tensor in sent.items()
    }
    assert calls[0]["scores"].shape == at.shape


def test_layers_are_sent_from_where_they_are(client):
    shapes = {"input": (4, 2), "linear_weight": (3, 2), "linear_bias": (3,)}
    tensors = {name: torch.randn(shape) for name, shape in shapes.items()}
    with client.recorded() as calls:
        linear_cross_entropy(**tensors, target=TARGET, client=client)
    sent = dict(zip(("h1", "w2", "b2"), tensors.values(), strict=True))
    assert {name: calls[0][name].ctypes.data for name in sent} == {
        name: tensor.data_ptr() for name, tensor in sent.items()
    }


SOURCE = torch.randn(6, 8, generator=torch.Generator().manual_seed(0))

VIEWS = {
    "transposed": lambda at: at.T[:4, :3],
    "strided": lambda at: at[1:5, ::3],
    "expanded": lambda at: at[0, :3].expand(4, 3),
    "channels last": lambda at: at[:4, :6].reshape(4, 2, 3).movedim(1, -1),
    "broadcast rows": lambda at: at[:4, :1].expand(4, 3),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_views(client, dtype, view):
    """The same bits as contiguous tensors, through the views to what they are of."""
    gradients = []
    for is_contiguous in (False, True):
        source = SOURCE.clone().to(dtype).requires_grad_()
        at = VIEWS[view](source)
        at = at.contiguous() if is_contiguous else at
        target = TARGET if at.ndim == 2 else TARGET[:, None].expand(4, 2)
        cross_entropy(at, target, client=client, reduction="sum").backward()
        gradients.append(source.grad)
    assert torch.equal(*gradients)


def test_broadcast_targets_and_weights(client):
    target, weights = torch.tensor(1).expand(4), torch.tensor(0.5).expand(4)
    loss = cross_entropy(SOURCE[:4, :3], target, client=client, sample_weights=weights)
    expected = torch.nn.functional.cross_entropy(SOURCE[:4, :3], target)
    torch.testing.assert_close(loss, expected)


def test_bfloat16_without_its_package(client, monkeypatch):
    def missing():
        raise ImportError("No module named 'ml_dtypes'")

    monkeypatch.setattr("lossgrad.types.dtypes.bfloat16", missing)
    with pytest.raises(InvalidArgument, match=r"^input: bfloat16 needs .*lossgrad\[torch\]"):
        cross_entropy(SOURCE.bfloat16(), torch.zeros(6).long(), client=client)


def test_results_are_writable_and_of_nobody_else(remote):
    at = SOURCE.clone().requires_grad_()
    losses = cross_entropy(at, torch.zeros(6).long(), client=remote, reduction="none")
    (gradient,) = torch.autograd.grad(losses.sum(), at, retain_graph=True)
    before = gradient.clone()
    gradient.zero_()
    losses.detach().zero_()
    at.data.zero_()
    assert torch.equal(torch.autograd.grad(losses.sum(), at)[0], before)


def test_gradients_are_kept_where_they_arrived(client):
    at = SOURCE.clone().requires_grad_()
    with client.recorded():
        loss = cross_entropy(at, torch.zeros(6).long(), client=client)
    _, kept = loss.grad_fn.saved_tensors
    assert np.shares_memory(kept.numpy(), client.results[0].dscores)


def test_a_gradient_that_is_multiplied_by_one_is_not_copied(client):
    at = SOURCE.clone().requires_grad_()
    with client.recorded():
        cross_entropy(at, torch.zeros(6).long(), client=client).backward()
    assert at.grad is not None
    assert np.shares_memory(at.grad.numpy(), client.results[0].dscores)


CHANGES = {
    "in place": lambda gradient: gradient.zero_(),
    "unseen": lambda gradient: gradient.data.zero_(),
    "in NumPy": lambda gradient: gradient.numpy().fill(0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_gradient_that_is_needed_again_is_not_given_away(client, change):
    at = SOURCE.clone().requires_grad_()
    loss = cross_entropy(at, torch.zeros(6).long(), client=client)
    (gradient,) = torch.autograd.grad(loss, at, retain_graph=True)
    before = gradient.clone()
    CHANGES[change](gradient)
    assert torch.equal(torch.autograd.grad(loss, at)[0], before)


def test_hooks_that_change_a_gradient(client):
    """The second backward finds what the first one found."""
    at = SOURCE.clone().requires_grad_()
    hidden = at * 1
    hidden.register_hook(lambda gradient: gradient.mul_(2))
    loss = cross_entropy(hidden, torch.zeros(6).long(), client=client)
    first, second = (torch.autograd.grad(loss, at, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)


def test_leaves_do_not_share_what_is_kept(client):
    at = SOURCE.clone().requires_grad_()
    loss = cross_entropy(at, torch.zeros(6).long(), client=client)
    loss.backward(retain_graph=True)
    assert at.grad is not None
    once = at.grad.clone()
    at.grad.zero_()
    loss.backward()
    assert torch.equal(at.grad, once)
