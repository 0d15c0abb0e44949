"""Large losses over a Unix socket: the same bits, and a gradient where the service wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch

import lossgrad
from lossgrad.torch import cross_entropy, linear_cross_entropy
from tests.running import running_server

DTYPES = [torch.float32, torch.bfloat16]


@pytest.fixture(scope="module")
def neighbour() -> Iterator[lossgrad.Client]:
    with (
        TemporaryDirectory() as folder,
        running_server(unix_socket=Path(folder) / "s"),
        lossgrad.Client(f"unix://{folder}/s") as client,
    ):
        yield client


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_cross_entropy(
    neighbour: lossgrad.Client, client: lossgrad.Client, dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    scores, labels = torch.randn(128, 20_000).to(dtype), torch.randint(20_000, (128,))
    losses, gradients = [], []
    for each in (neighbour, client):
        leaf = scores.clone().requires_grad_()
        loss = cross_entropy(leaf, labels, client=each)
        loss.backward()
        losses.append(loss.detach())
        gradients.append(leaf.grad)
    assert torch.equal(*losses)
    assert torch.equal(*gradients)


def test_the_gradient_is_where_it_was_written(neighbour: lossgrad.Client) -> None:
    leaf = torch.randn(128, 20_000).requires_grad_()
    cross_entropy(leaf, torch.zeros(128, dtype=torch.long), client=neighbour).backward()
    assert leaf.grad is not None
    arena = neighbour._arenas.get()
    assert arena is not None
    assert arena.place_of(leaf.grad.numpy()) is not None


def test_a_layer(neighbour: lossgrad.Client, client: lossgrad.Client) -> None:
    torch.manual_seed(1)
    rows, weight = torch.randn(600, 1000) / 30, torch.randn(2000, 1000)
    found = []
    for each in (neighbour, client):
        leaves = [tensor.clone().requires_grad_() for tensor in (rows, weight)]
        linear_cross_entropy(*leaves, torch.arange(600), client=each).backward()
        found.append([leaf.grad for leaf in leaves])
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)


def test_tensors_of_shared_memory(neighbour: lossgrad.Client) -> None:
    scores = torch.from_numpy(neighbour.empty((128, 20_000)))
    scores.normal_()
    labels = torch.randint(20_000, (128,))
    found = cross_entropy(scores, labels, client=neighbour)
    assert torch.equal(found, cross_entropy(scores.clone(), labels, client=neighbour))
