"""What is asked for, when, and what backward does with what came."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.autograd import forward_ad, functional

from lossgrad import InvalidArgument, Unimplemented
from lossgrad.torch import cross_entropy, linear_cross_entropy

TARGET = torch.tensor([0, 2, 1, 1])


def scores(**options):
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(0), **options)


def layer():
    torch.manual_seed(0)
    shapes = {"input": (4, 2), "linear_weight": (3, 2), "linear_bias": (3,)}
    return {name: torch.randn(shape).requires_grad_() for name, shape in shapes.items()}


def test_one_call_in_forward_and_none_in_backward(client):
    at = scores().requires_grad_()
    with client.recorded() as calls:
        loss = cross_entropy(at, TARGET, client=client)
        assert len(calls) == 1
        loss.backward(retain_graph=True)
        loss.backward()
    assert len(calls) == 1
    assert calls[0]["want"] == ["loss", "dscores"]


WITHOUT_GRADIENTS = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "nothing requires one": torch.enable_grad,
}


@pytest.mark.parametrize("mode", WITHOUT_GRADIENTS)
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_the_loss_alone(client, mode, reduction):
    at = scores().requires_grad_(mode != "nothing requires one")
    with client.recorded() as calls, WITHOUT_GRADIENTS[mode]():
        loss = cross_entropy(at, TARGET, client=client, reduction=reduction)
    assert not loss.requires_grad
    assert calls[0]["want"] == ["loss" if reduction == "mean" else "row_losses"]


WANTED = [
    (["input"], ["dh1"], ["dh1"]),
    (["linear_weight"], ["dw2"], ["dscores"]),
    (["linear_bias"], ["db2"], ["dscores"]),
    (["input", "linear_bias"], ["dh1", "db2"], ["dh1", "dscores"]),
    (["linear_weight", "linear_bias"], ["dw2", "db2"], ["dscores"]),
]


@pytest.mark.parametrize(("names", "reduced", "by_row"), WANTED)
def test_frozen_parameters(client, names, reduced, by_row):
    tensors = {name: t.requires_grad_(name in names) for name, t in layer().items()}
    with client.recorded() as calls:
        for reduction in ("sum", "none"):
            linear_cross_entropy(
                **tensors, target=TARGET, client=client, reduction=reduction
            ).sum().backward()
    assert [call["want"][1:] for call in calls] == [reduced, by_row]
    assert [name for name, t in tensors.items() if t.grad is not None] == names


def test_gradient_of_targets_is_asked_for_where_it_is_needed(client):
    shares = torch.rand(4, 3)
    with client.recorded() as calls:
        cross_entropy(scores(), shares, client=client)
        cross_entropy(scores(), shares.requires_grad_(), client=client).backward()
    assert [call["want"] for call in calls] == [["loss"], ["loss", "dtargets"]]
    assert shares.grad is not None


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_backward_twice(client, reduction):
    tensors = layer()
    losses = linear_cross_entropy(**tensors, target=TARGET, client=client, reduction=reduction)
    first, second = (
        torch.autograd.grad(losses.sum(), list(tensors.values()), retain_graph=True)
        for _ in range(2)
    )
    for once, again in zip(first, second, strict=True):
        assert torch.equal(once, again)
        once.zero_()
        assert again.any()


def test_backward_twice_without_retaining(client):
    loss = cross_entropy(scores().requires_grad_(), TARGET, client=client)
    loss.backward()
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_gradients_accumulate(client):
    at = scores(dtype=torch.float64).requires_grad_()
    for share in (1.0, 2.0):
        (share * cross_entropy(at, TARGET, client=client)).backward()
    (alone,) = torch.autograd.grad(cross_entropy(at, TARGET, client=client), at)
    torch.testing.assert_close(at.grad, 3 * alone, rtol=1e-15, atol=1e-16)


def test_an_input_that_changes_before_backward(client):
    """Nothing of the input is needed any more, but where the layer's gradient is made of it."""
    tensors = layer()
    losses = {
        reduction: linear_cross_entropy(
            **tensors, target=TARGET, client=client, reduction=reduction
        ).sum()
        for reduction in ("mean", "none")
    }
    with torch.no_grad():
        tensors["input"].zero_()
    losses["mean"].backward()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        losses["none"].backward()


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_second_derivatives_are_refused(client, reduction):
    at = scores().requires_grad_()
    loss = cross_entropy(at, TARGET, client=client, reduction=reduction).sum()
    (gradient,) = torch.autograd.grad(loss, at, create_graph=True)
    penalised = loss + gradient.square().sum()
    with pytest.raises(Unimplemented, match="second derivatives"):
        penalised.backward()


def gradient_of_a_net(loss_of, at):
    """Ask what a body's weights do to the gradient that enters it, as meta-learning does."""
    weight = torch.eye(3).requires_grad_()
    hidden = at @ weight
    (gradient,) = torch.autograd.grad(loss_of(hidden), hidden, create_graph=True)
    return torch.autograd.grad(gradient.sum(), weight)


def balanced_norms(loss_of, at):
    """Ask what the weight of a task does to its gradient, as GradNorm does."""
    weight, at = torch.tensor(2.0).requires_grad_(), at.requires_grad_()
    (gradient,) = torch.autograd.grad(weight * loss_of(at), at, create_graph=True)
    gradient.norm().backward(inputs=[weight])


SECOND_DERIVATIVES = {
    "of a net": gradient_of_a_net,
    "GradNorm": balanced_norms,
    "hvp": lambda loss_of, at: functional.hvp(loss_of, at, at),
    "hessian": functional.hessian,
    "jvp": lambda loss_of, at: functional.jvp(loss_of, at, at),
}


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("name", SECOND_DERIVATIVES)
def test_second_derivatives_of_named_inputs_are_refused(client, name, reduction):
    """PyTorch leaves out what does not lead to an input that is named, and calls it 0."""

    def loss_of(at):
        return cross_entropy(at, TARGET, client=client, reduction=reduction).sum()

    with pytest.raises(Unimplemented, match="second derivatives"):
        SECOND_DERIVATIVES[name](loss_of, scores())


# PyTorch's own rules of forward mode are scripts still.
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
@pytest.mark.parametrize("requires_grad", [False, True])
def test_forward_mode_is_refused(client, requires_grad):
    at = scores().requires_grad_(requires_grad)
    with forward_ad.dual_level():
        cross_entropy(at, TARGET, client=client)
        with pytest.raises(Unimplemented, match=r"^input has a tangent"):
            cross_entropy(forward_ad.make_dual(at, at), TARGET, client=client)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_batched_backward(client, reduction):
    def losses(at):
        return cross_entropy(at, TARGET, client=client, reduction=reduction)

    one_by_one, at_once = (
        functional.jacobian(losses, scores(), vectorize=vectorize) for vectorize in (False, True)
    )
    assert torch.equal(at_once, one_by_one)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_loss_that_changes_before_backward(client, reduction):
    at = scores().requires_grad_()
    losses = cross_entropy(at, TARGET, client=client, reduction=reduction)
    losses *= 2
    (alone,) = torch.autograd.grad(cross_entropy(at, TARGET, client=client, reduction="sum"), at)
    (gradient,) = torch.autograd.grad(losses.sum(), at)
    torch.testing.assert_close(gradient, alone * (0.5 if reduction == "mean" else 2))


def test_a_gradient_that_is_wanted_beside_a_graph(client):
    """``create_graph`` alone is no question for second derivatives."""
    at = scores().requires_grad_()
    loss = cross_entropy(at, TARGET, client=client)
    (expected,) = torch.autograd.grad(loss, at, retain_graph=True)
    (gradient,) = torch.autograd.grad(loss, at, create_graph=True)
    assert torch.equal(gradient, expected)


def test_transforms_of_functions_are_refused(client):
    def loss(at):
        return cross_entropy(at, TARGET, client=client)

    with pytest.raises(RuntimeError, match="setup_context"):
        torch.func.grad(loss)(scores())


@pytest.mark.parametrize("name", ["weight", "sample_weights"])
def test_weights_have_no_gradient(client, name):
    weights = torch.ones(3 if name == "weight" else 4).requires_grad_()
    with pytest.raises(InvalidArgument, match=f"^{name}: has no gradient"):
        cross_entropy(scores(), TARGET, client=client, **{name: weights})
    with torch.no_grad():
        cross_entropy(scores(), TARGET, client=client, **{name: weights})


OPTIONS = ["temperature", "softcap", "z_loss", "label_smoothing", "denominator"]


@pytest.mark.parametrize("name", OPTIONS)
def test_options_have_no_gradient(client, name):
    """Nor are learned ones taken for constants."""
    learned = torch.tensor(0.5).requires_grad_()
    with pytest.raises(InvalidArgument, match=f"^{name}: has no gradient"):
        cross_entropy(scores(), TARGET, client=client, **{name: learned})
    loss = cross_entropy(scores(), TARGET, client=client, **{name: learned.detach()})
    assert torch.equal(loss, cross_entropy(scores(), TARGET, client=client, **{name: 0.5}))


def test_upstream_of_a_row_that_does_not_count(client):
    """As in PyTorch, what lies behind an ignored row does not matter."""
    target, tensors = torch.tensor([0, -100, 1, 1]), layer()
    tensors["input"].data[1] = torch.nan
    losses = linear_cross_entropy(**tensors, target=target, client=client, reduction="none")
    losses.backward(torch.tensor([1.0, np.nan, 2.0, 3.0]))
    kept = {name: t.detach().clone().requires_grad_() for name, t in tensors.items()}
    alone = linear_cross_entropy(
        kept["input"][[0, 2, 3]],
        *(kept["linear_weight"], target[[0, 2, 3]], kept["linear_bias"]),
        client=client,
        reduction="none",
    )
    alone.backward(torch.tensor([1.0, 2.0, 3.0]))
    assert not tensors["input"].grad[1].any()
    for name in ("linear_weight", "linear_bias"):
        torch.testing.assert_close(tensors[name].grad, kept[name].grad)


REFUSED = {
    "no tensor": ({"input": [[1.0, 2.0, 3.0]] * 4}, "^input: must be a tensor, got list"),
    "sparse": ({"input": torch.ones(4, 3).to_sparse()}, "^input: cannot be read.*to_dense"),
    "no memory": ({"input": torch.ones(4, 3, device="meta")}, "^input: cannot be read.*meta"),
    "integers": ({"input": torch.ones(4, 3, dtype=torch.int32)}, "^input: dtype must be"),
    "booleans": ({"target": TARGET > 0}, "^target: dtype must be"),
    "no input": ({"input": None}, "^input: must be given"),
    "no target": ({"target": None}, "^target: must be given"),
    "indices as floats": ({"target": TARGET.float()}, "^target: .*indices need an integer dtype$"),
    "one axis more": ({"target": TARGET[None]}, r"^target: .*\(1, 4\), but that of input is"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_array_of_a_loss(client, name):
    arguments, message = REFUSED[name]
    with pytest.raises(InvalidArgument, match=message):
        cross_entropy(**{"input": scores(), "target": TARGET, **arguments}, client=client)
