"""One net trained twice by PyTorch: with its own loss, and with the loss from the service.

    python docs/examples/torch_digits.py --target localhost:50051 --png out/torch_digits.png

`lossgrad.torch.cross_entropy` stands where `torch.nn.functional.cross_entropy` stood, and nothing
else changes. One call in the forward pass brings the loss and its gradient; the backward pass
only multiplies. Both nets start from the same seed and see the same batches of scikit-learn's
digits. Prints the largest difference between their loss curves, which is that of two float32
roundings, and draws them with --png.
"""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

import lossgrad.torch
from lossgrad import Client

EPOCHS, ROWS, RATE = 5, 60, 0.1

PIXELS, LABELS = load_digits(return_X_y=True)
IMAGES = torch.tensor(PIXELS / 16, dtype=torch.float32)
TARGETS = torch.tensor(LABELS)

Loss = Callable[[Tensor, Tensor], Tensor]


def train(loss_of: Loss) -> list[float]:
    """Train a fresh net; return the loss of every step."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    optimiser = torch.optim.SGD(net.parameters(), lr=RATE, momentum=0.9)
    losses = []
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(TARGETS)).split(ROWS):
            loss = loss_of(net(IMAGES[rows]), TARGETS[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return losses


def draw(curves: dict[str, list[float]], path: Path) -> None:
    """Draw the curves, one on the other."""
    from matplotlib.figure import Figure

    axes = (figure := Figure(figsize=(8, 4), dpi=150, layout="constrained")).subplots()
    for (name, losses), style in zip(curves.items(), ("-", ":"), strict=True):
        axes.semilogy(losses, style, linewidth=4, alpha=0.7, label=name)
    axes.set(xlabel="step", ylabel="loss")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def main() -> None:
    """Train twice and compare."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="localhost:50051", help="where the service is")
    parser.add_argument("--png", type=Path, help="where a picture of the curves goes")
    options = parser.parse_args()
    with Client(options.target) as client:
        remote = train(partial(lossgrad.torch.cross_entropy, client=client))
    local = train(nn.functional.cross_entropy)
    difference = np.abs(np.subtract(local, remote)).max()
    print(f"{len(local)} steps, loss {local[0]:.4f} to {local[-1]:.4f}")
    print(f"largest difference {difference:.1e}")
    np.testing.assert_allclose(remote, local, rtol=1e-4, atol=1e-6)
    if options.png:
        draw({"PyTorch": local, "lossgrad.torch": remote}, options.png)


if __name__ == "__main__":
    main()
