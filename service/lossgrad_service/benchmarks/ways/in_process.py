"""Ways without a wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import numpy as np

from lossgrad import Client
from lossgrad.types import Array
from lossgrad_service.benchmarks.copies import copies
from lossgrad_service.benchmarks.textbook import softmax_loss
from lossgrad_service.benchmarks.timing import Call
from lossgrad_service.benchmarks.workloads import Answer, Workload

THREADS = 2
"""Of PyTorch."""


@contextmanager
def open_memcpy(_: str, workload: Workload) -> Iterator[Call]:
    """Copy as many bytes as are sent and answered, into memory that is there."""
    yield copies(*(np.ones(count, np.uint8) for count in (workload.bytes_in, workload.bytes_out)))


@contextmanager
def open_numpy(_: str, workload: Workload) -> Iterator[Call]:
    """Compute as the derivations have it."""
    arguments = workload.arguments()
    yield lambda: _by_numpy(**arguments)


def _by_numpy(
    scores: Array, labels: Array, h1: Array | None = None, w2: Array | None = None
) -> Answer:
    del w2
    loss, dscores = softmax_loss(scores, labels)
    if h1 is None:
        return Answer(loss, dscores)
    return Answer(loss, dscores, h1.T @ dscores, dscores.sum(axis=0))


@contextmanager
def open_pytorch(_: str, workload: Workload) -> Iterator[Call]:
    """Compute by PyTorch's cross_entropy forwards and backwards."""
    torch = import_module("torch")
    torch.set_num_threads(THREADS)
    tensors = {name: torch.tensor(array) for name, array in workload.arguments().items()}
    scores, h1 = tensors["scores"].requires_grad_(), tensors.get("h1")

    def answer() -> Answer:
        loss = torch.nn.functional.cross_entropy(scores, tensors["labels"])
        (dscores,) = torch.autograd.grad(loss, scores)
        if h1 is None:
            return Answer(loss.item(), dscores.numpy())
        return Answer(
            loss.item(), dscores.numpy(), (h1.T @ dscores).numpy(), dscores.sum(0).numpy()
        )

    yield answer


@contextmanager
def open_local(_: str, workload: Workload) -> Iterator[Call]:
    """Compute by lossgrad in this process, with all its checks."""
    arguments = workload.arguments()
    with Client("local:") as client:
        yield lambda: client.compute(**arguments)
