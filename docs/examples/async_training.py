"""Training in an event loop: the micro-batches of each step are gathered.

    python docs/examples/async_training.py --target localhost:50051

`AsyncClient` has the names, arguments and results of `Client`; its calls are awaited. Each step
of gradient descent sends its micro-batches at once, with the whole batch's `denominator`, and
adds up what comes back. The first one alone has the penalty, which does not depend on the rows.
Prints how a linear classifier comes to know scikit-learn's digits, and checks each loss that it
prints against that of all rows in one call.
"""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from lossgrad import AsyncClient
from lossgrad.types import Array

STEPS, SHOWN_EVERY, RATE, PENALTY = 60, 20, 1.0, 1e-4
MICRO_BATCHES = 4

PIXELS, LABELS = load_digits(return_X_y=True)
IMAGES = PIXELS / 16

Arguments = dict[str, Any]
Layer = dict[str, Array]


def micro_batches() -> list[Arguments]:
    """Return runs of rows, each with the number of rows of the whole batch."""
    runs = np.array_split(np.arange(len(LABELS)), MICRO_BATCHES)
    parts = [{"h1": IMAGES[run], "labels": LABELS[run], "denominator": len(LABELS)} for run in runs]
    parts[0]["reg"] = PENALTY
    return parts


async def step(client: AsyncClient, layer: Layer, parts: list[Arguments]) -> float:
    """Change the layer by the sum of all gradients; return the loss that it had."""
    results = await asyncio.gather(*(client.compute(**layer, **part) for part in parts))
    for name in layer:
        layer[name] -= RATE * sum(getattr(result, f"d{name}") for result in results)
    return sum(result.loss for result in results)


async def show(client: AsyncClient, layer: Layer) -> float:
    """Print what the layer is worth on all rows; return its loss."""
    everything = {"h1": IMAGES, "labels": LABELS, "reg": PENALTY, "want": ["loss", "accuracy"]}
    result = await client.compute(**layer, **everything)
    print(f"loss {result.loss:.4f}, {100 * result.accuracy:.1f} % recognised")
    return result.loss


async def train(target: str) -> None:
    """Descend from zero, and look at it now and then."""
    parts, layer = micro_batches(), {"w2": np.zeros((64, 10)), "b2": np.zeros(10)}
    async with AsyncClient(target) as client:
        for _ in range(STEPS // SHOWN_EVERY):
            expected = await show(client, layer)
            losses = [await step(client, layer, parts) for _ in range(SHOWN_EVERY)]
            np.testing.assert_allclose(losses[0], expected, rtol=1e-12)
        await show(client, layer)


def main() -> None:
    """Train through the service that the command line names."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="localhost:50051", help="where the service is")
    asyncio.run(train(parser.parse_args().target))


if __name__ == "__main__":
    main()
