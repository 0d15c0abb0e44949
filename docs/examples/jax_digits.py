"""One net trained twice by JAX: with a loss of its own, and with the loss from the service.

    python docs/examples/jax_digits.py --target localhost:50051

`lossgrad.jax.cross_entropy` is a function like others: it can be differentiated and compiled.
One callback out of the compiled step makes the call that brings the loss and its gradient. Both
nets start from the same parameters and see the same batches of scikit-learn's digits. Prints the
largest difference between their loss curves, which is that of two float32 roundings.
"""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.datasets import load_digits

import lossgrad.jax
from lossgrad import Client

EPOCHS, ROWS, RATE = 5, 60, 0.3

PIXELS, LABELS = load_digits(return_X_y=True)
IMAGES = np.asarray(PIXELS / 16, np.float32)

Loss = Callable[[jax.Array, jax.Array], jax.Array]
Net = dict[str, jax.Array]


def fresh_net() -> Net:
    """Return the parameters of two layers, weights of variance 2/fan-in and biases 0."""
    first, second = jax.random.split(jax.random.key(0))
    return {
        "w1": jax.random.normal(first, (64, 128)) * (2 / 64) ** 0.5,
        "b1": jnp.zeros(128),
        "w2": jax.random.normal(second, (128, 10)) * (2 / 128) ** 0.5,
        "b2": jnp.zeros(10),
    }


def scores(net: Net, images: jax.Array) -> jax.Array:
    """Return the net's scores, (N, 10)."""
    hidden = jax.nn.relu(images @ net["w1"] + net["b1"])
    return hidden @ net["w2"] + net["b2"]


def own_cross_entropy(scores: jax.Array, labels: jax.Array) -> jax.Array:
    """Return the mean loss as JAX's users write it."""
    at_label = jnp.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
    return (jax.nn.logsumexp(scores, axis=1) - at_label).mean()


def train(loss_of: Loss) -> list[float]:
    """Train a fresh net by gradient descent; return the loss of every step."""

    @jax.jit
    def step(net: Net, images: jax.Array, labels: jax.Array) -> tuple[Net, jax.Array]:
        loss, gradient = jax.value_and_grad(lambda net: loss_of(scores(net, images), labels))(net)
        return jax.tree.map(lambda p, dp: p - RATE * dp, net, gradient), loss

    net, rng, losses = fresh_net(), np.random.default_rng(0), []
    for _ in range(EPOCHS):
        order = rng.permutation(len(LABELS))
        for first in range(0, len(order) - ROWS + 1, ROWS):  # whole batches: one shape to compile
            rows = order[first : first + ROWS]
            net, loss = step(net, IMAGES[rows], LABELS[rows])
            losses.append(float(loss))
    return losses


def main() -> None:
    """Train twice and compare."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="localhost:50051", help="where the service is")
    with Client(parser.parse_args().target) as client:
        remote = train(partial(lossgrad.jax.cross_entropy, client=client))
    local = train(own_cross_entropy)
    print(f"{len(local)} steps, loss {local[0]:.4f} to {local[-1]:.4f}")
    print(f"largest difference {np.abs(np.subtract(local, remote)).max():.1e}")
    np.testing.assert_allclose(remote, local, rtol=1e-3, atol=1e-5)


if __name__ == "__main__":
    main()
