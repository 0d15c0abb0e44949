"""The same bits over every transport, compiled or not."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lossgrad.jax import cross_entropy, linear_cross_entropy

RNG = np.random.default_rng(2)
X = jnp.asarray(RNG.normal(size=(4, 3, 2)), jnp.float32)
Y = jnp.asarray(RNG.integers(0, 3, (4, 2)))
H, W = jnp.asarray(RNG.normal(size=(300, 40))), jnp.asarray(RNG.normal(size=(50, 40)))
LABELS = jnp.arange(300) % 50

maybe_jit = pytest.mark.parametrize("maybe_jit", [lambda f: f, jax.jit], ids=["eager", "jit"])


@maybe_jit
def test_same_bits(far_client, client, maybe_jit):
    def scores_and_layer(chosen):
        of_scores = jax.value_and_grad(lambda x: cross_entropy(x, Y, client=chosen))
        of_layer = jax.value_and_grad(
            lambda h, w: linear_cross_entropy(h, w, LABELS, client=chosen), argnums=(0, 1)
        )
        return maybe_jit(lambda x, h, w: (of_scores(x), of_layer(h, w)))(X, H, W)

    found, expected = map(jax.tree.leaves, (scores_and_layer(far_client), scores_and_layer(client)))
    assert len(found) == 5
    for ours, local in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, local)


def test_vmap(far_client):
    def loss_of(x, y):
        return cross_entropy(x, y, client=far_client)

    found = jax.vmap(loss_of)(X.mT, Y)
    expected = [loss_of(X[k].T, Y[k]) for k in range(len(X))]
    np.testing.assert_array_equal(found, jnp.stack(expected))
