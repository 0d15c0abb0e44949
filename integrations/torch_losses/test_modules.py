"""The modules: PyTorch's state, our functions; copied, pickled, compiled."""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch
from torch import nn
from torch._dynamo import compiled_autograd

import lossgrad
from lossgrad.torch import (
    CrossEntropyLoss,
    LinearCrossEntropyLoss,
    cross_entropy,
    linear_cross_entropy,
)

TARGET = torch.tensor([0, 2, 1, -100])
WEIGHT = torch.tensor([1.0, 2.0, 0.5])


def scores():
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()


def test_cross_entropy(client):
    at, rows = scores(), torch.rand(4)
    settings = {"label_smoothing": 0.1, "z_loss": 0.01, "temperature": 2.0}
    module = CrossEntropyLoss(WEIGHT, client=client, **settings)
    options = {"sample_weights": rows, "denominator": 3.0}
    expected = cross_entropy(at, TARGET, client=client, weight=WEIGHT, **settings, **options)
    assert torch.equal(module(at, TARGET, **options), expected)


@pytest.mark.parametrize("bias", [False, True])
def test_linear_cross_entropy(client, bias):
    settings = {"reduction": "none", "ignore_index": -100}
    module = LinearCrossEntropyLoss(5, 3, client=client, bias=bias, weight=WEIGHT, **settings)
    rows = torch.randn(4, 5)
    layer = {"linear_weight": module.linear.weight, "linear_bias": module.linear.bias}
    expected = linear_cross_entropy(
        rows, target=TARGET, client=client, weight=WEIGHT, **layer, **settings
    )
    losses = module(rows, TARGET)
    assert torch.equal(losses, expected)
    losses.sum().backward()
    assert all(parameter.grad.any() for parameter in module.parameters())


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_state_is_that_of_pytorch(client, weight):
    """Either loads the other's, by ``weights_only`` as well."""
    pairs = [
        (CrossEntropyLoss(weight, client=client), nn.CrossEntropyLoss(weight)),
        (
            LinearCrossEntropyLoss(5, 3, client=client, bias=True, weight=weight),
            nn.LinearCrossEntropyLoss(5, 3, bias=True, weight=weight),
        ),
    ]
    for ours, theirs in pairs:
        saved = io.BytesIO()
        torch.save(ours.state_dict(), saved)
        saved.seek(0)
        theirs.load_state_dict(torch.load(saved, weights_only=True))
        ours.load_state_dict(theirs.state_dict())


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))]
)
def test_copies_call_the_same_service(remote, copied):
    with lossgrad.Client(remote.target) as client:
        module = LinearCrossEntropyLoss(5, 3, client=client, label_smoothing=0.1)
        other = copied(module)
        assert other.client is not client
        with other.client:
            rows = torch.randn(4, 5)
            assert torch.equal(other(rows, TARGET), module(rows, TARGET))


def test_settings_are_attributes_as_in_pytorch(client):
    settings = {"reduction": "sum", "label_smoothing": 0.1}
    ours, theirs = CrossEntropyLoss(client=client, **settings), nn.CrossEntropyLoss(**settings)
    for name in ("reduction", "ignore_index", "label_smoothing"):
        assert getattr(ours, name) == getattr(theirs, name)
    for module in (ours, theirs):
        module.reduction, module.ignore_index, module.label_smoothing = "none", 1, 0.0
    at = scores()
    torch.testing.assert_close(ours(at, TARGET.clip(0)), theirs(at, TARGET.clip(0)))


WRONG = {
    "client": {"client": None},
    "reduction": {"reduction": "average"},
    "label_smoothing": {"label_smoothing": 2},
    "timeout": {"timeout": -1.0},
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_settings_are_refused_at_once(client, name):
    with pytest.raises(lossgrad.InvalidArgument, match=f"^{name}: must be "):
        CrossEntropyLoss(**{"client": client, **WRONG[name]})
    with pytest.raises(lossgrad.InvalidArgument, match=f"^{name}: must be "):
        LinearCrossEntropyLoss(5, 3, **{"client": client, **WRONG[name]})


@pytest.mark.parametrize("name", ["label_smothing", "denominator", "weights"])
def test_unknown_settings_are_refused_at_once(client, name):
    with pytest.raises(TypeError, match=name):
        CrossEntropyLoss(client=client, **{name: 0.1})


def test_what_is_printed(client):
    module = CrossEntropyLoss(client=client, label_smoothing=0.1)
    assert repr(module) == f"CrossEntropyLoss(client={client!r}, label_smoothing=0.1)"


def test_dtype_and_weight_move_with_the_module(client):
    module = CrossEntropyLoss(WEIGHT, client=client).double()
    assert module(scores().double(), TARGET).dtype == module.weight.dtype == torch.float64


class Classifier(nn.Module):
    """A net whose loss is part of it, as language models are written."""

    def __init__(self, client):
        super().__init__()
        self.body = nn.Linear(6, 5)
        self.criterion = LinearCrossEntropyLoss(5, 3, client=client, bias=True)

    def forward(self, features, target):
        return 2 * self.criterion(torch.relu(self.body(features)), target)


# The compiler looks for a gradient of everything, and hides the warning where nobody filters.
gradients_of_all = pytest.mark.filterwarnings(
    "ignore:The .grad attribute of a Tensor that is not a leaf"
)


@gradients_of_all
def test_compiled(client):
    """The call stays outside of the graphs; what is before and after is compiled."""
    torch.manual_seed(0)
    plain, features = Classifier(client), torch.randn(4, 6)
    gradients = []
    for net in (plain, torch.compile(plain, backend="eager")):
        plain.zero_grad()
        net(features, TARGET).backward()
        gradients.append([parameter.grad for parameter in plain.parameters()])
    for own, compiled in zip(*gradients, strict=True):
        assert torch.equal(own, compiled)


@gradients_of_all
def test_compiled_backward(client):
    """One graph, and none of our questions breaks it."""
    at, whole = scores(), torch.compile(backend="eager", fullgraph=True)
    (expected,) = torch.autograd.grad(cross_entropy(at, TARGET, client=client), at)
    loss = cross_entropy(at, TARGET, client=client)
    with compiled_autograd._enable(whole):
        loss.backward()
    assert torch.equal(at.grad, expected)
