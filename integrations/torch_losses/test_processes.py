"""A client in the workers of a `DataLoader`, and in the ranks of `DistributedDataParallel`."""

from __future__ import annotations

import pytest
import torch
from torch import distributed, multiprocessing, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Dataset

import lossgrad
from lossgrad.torch import cross_entropy, ddp_denominator

PATIENCE_SECONDS = 60


class Difficulties(Dataset):
    """Losses of rows that a worker asks for, such as a curriculum sorts by."""

    def __init__(self, client: lossgrad.Client):
        self.client = client

    def __len__(self):
        return 4

    def __getitem__(self, index):
        scores = torch.tensor([[float(index), 0.0]])
        return cross_entropy(scores, torch.tensor([1]), client=self.client)


STARTS = [("local", "fork"), ("gRPC", "fork"), ("HTTP", "fork"), ("gRPC", "spawn")]
"""What is spawned loads everything anew, for which one will do."""


# JAX, which other tests have loaded into this process, warns at every fork, its own use or not.
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")
@pytest.mark.parametrize(("protocol", "start"), STARTS)
def test_workers_of_a_data_loader(addresses, protocol, start):
    """The parent's client has a connection already, which no worker may use."""
    dataset = Difficulties(lossgrad.Client(addresses[protocol]))
    expected = torch.stack([dataset[index] for index in range(4)])
    loader = DataLoader(
        dataset,
        batch_size=None,
        num_workers=2 if start == "fork" else 1,
        multiprocessing_context=start,
        timeout=PATIENCE_SECONDS,
    )
    assert torch.equal(torch.stack(list(loader)), expected)
    assert torch.equal(dataset[3], expected[3])
    dataset.client.close()


SHARDS = [(4, 4), (7, 1), (2, 6)]
"""Rows of each rank; of the last, the first rank has none that counts."""

WEIGHT = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)


def batch():
    """Return a batch whose first rows are ignored."""
    torch.manual_seed(0)
    target = torch.randint(0, 3, (8,))
    target[:2] = -100
    return torch.randn(8, 5, dtype=torch.float64), target


def net():
    torch.manual_seed(1)
    return nn.Linear(5, 3, dtype=torch.float64)


def train(rank: int, target: str, meeting: str, answers) -> None:
    """Compute one step's gradients in a rank, for each way to share the batch."""
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2)
    with lossgrad.Client(target) as client:
        answers.put([step(rank, sizes, client) for sizes in SHARDS])
    distributed.destroy_process_group()


def step(rank: int, sizes: tuple[int, ...], client: lossgrad.Client):
    """Return what the shard of a rank divides by, its loss, and the gradients of all ranks."""
    rows, labels = (whole.split(sizes)[rank] for whole in batch())
    model = DistributedDataParallel(net())
    divisor = ddp_denominator(labels, weight=WEIGHT)
    loss = cross_entropy(model(rows), labels, weight=WEIGHT, denominator=divisor, client=client)
    loss.backward()
    return divisor, loss.item(), [parameter.grad.tolist() for parameter in model.parameters()]


def test_ranks_together_are_one_process(addresses, tmp_path):
    model, (rows, labels) = net(), batch()
    whole = functional.cross_entropy(model(rows), labels, WEIGHT)
    whole.backward()
    expected = [parameter.grad for parameter in model.parameters()]
    for of_ranks in zip(*of_both_ranks(addresses["gRPC"], f"file://{tmp_path}/ranks"), strict=True):
        divisors, losses, gradients = zip(*of_ranks, strict=True)
        assert divisors[0] == divisors[1]
        assert sum(losses) / 2 == pytest.approx(whole.item(), rel=1e-14)
        for own, theirs in zip([*gradients[0], *gradients[1]], [*expected] * 2, strict=True):
            found = torch.tensor(own, dtype=torch.float64)
            torch.testing.assert_close(found, theirs, rtol=1e-13, atol=1e-15)


def of_both_ranks(target: str, meeting: str):
    answers = multiprocessing.get_context("spawn").SimpleQueue()
    ranks = multiprocessing.spawn(train, (target, meeting, answers), nprocs=2, join=False)
    while not ranks.join(PATIENCE_SECONDS):  # raises what a rank raised
        pass
    return [answers.get() for _ in range(2)]
