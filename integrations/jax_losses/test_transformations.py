"""vmap, scan, checkpoint and devices give what a Python loop gives."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from integrations.jax_losses import reference
from lossgrad import Busy, Client
from lossgrad.jax import cross_entropy, linear_cross_entropy

RNG = np.random.default_rng(1)
XS = jnp.asarray(RNG.normal(size=(7, 5, 3)))
YS = jnp.asarray(RNG.integers(0, 3, (7, 5)))
WS = jnp.asarray(RNG.normal(size=(7, 4, 3)))

maybe_jit = pytest.mark.parametrize("maybe_jit", [lambda f: f, jax.jit], ids=["eager", "jit"])


def along(array, axis):
    """Return an array whose batch lies along an axis, or its first entry where that is None."""
    return array[0] if axis is None else jnp.moveaxis(array, 0, axis)


@maybe_jit
@pytest.mark.parametrize("in_axes", [(0, 0), (0, None), (None, 0), (1, 1)], ids=str)
def test_vmap(client, maybe_jit, in_axes):
    def loss_of(x, y):
        return cross_entropy(x, y, client=client, reduction="none")

    chosen = [along(XS, in_axes[0]), along(YS, in_axes[1])]
    found = maybe_jit(jax.vmap(loss_of, in_axes))(*chosen)
    assert len(client.taken()) == len(XS)
    xs = [XS[0]] * len(XS) if in_axes[0] is None else XS
    ys = [YS[0]] * len(YS) if in_axes[1] is None else YS
    expected = [loss_of(x, y) for x, y in zip(xs, ys, strict=True)]
    np.testing.assert_array_equal(found, jnp.stack(expected))


@maybe_jit
def test_gradients_of_examples(client, maybe_jit):
    """Each row's own, of one layer that all share."""
    features, labels = XS[0], YS[0]

    def loss_of(w, x, y):
        return linear_cross_entropy(x, w, y, client=client)

    found = maybe_jit(jax.vmap(jax.grad(loss_of), (None, 0, 0)))(WS[0], features, labels)
    assert client.taken() == [("loss", "dw2")] * 5
    expected = [jax.grad(loss_of)(WS[0], x, y) for x, y in zip(features, labels, strict=True)]
    np.testing.assert_array_equal(found, jnp.stack(expected))


@maybe_jit
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_gradient_of_a_sum_over_a_batch(client, maybe_jit, reduction):
    """What is shared gathers the gradients of all."""

    def loss_of(function, x, w, **more):
        def one(x, y):
            return function(x, w, y, reduction=reduction, **more).sum()

        return jax.vmap(one)(x, YS).sum()

    ours = maybe_jit(
        jax.grad(lambda x, w: loss_of(linear_cross_entropy, x, w, client=client), argnums=(0, 1))
    )(XS, WS[0])
    theirs = jax.grad(lambda x, w: loss_of(reference.linear_cross_entropy, x, w), (0, 1))(XS, WS[0])
    for found, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


def test_vmap_in_vmap(client):
    def loss_of(x, w, y):
        return linear_cross_entropy(x, w, y, client=client)

    inner = jax.vmap(loss_of, (None, 0, None))
    found = jax.jit(jax.vmap(inner, (0, None, 0)))(XS, WS, YS)
    assert found.shape == (7, 7)
    expected = [[loss_of(x, w, y) for w in WS] for x, y in zip(XS, YS, strict=True)]
    np.testing.assert_array_equal(found, jnp.array(expected))


def test_empty_batch(client):
    found = jax.vmap(lambda x: cross_entropy(x, YS[0], client=client))(XS[:0])
    assert found.shape == (0,)
    assert client.taken() == []


def test_an_error_in_a_batch_ends_it():
    class Refusing(Client):
        asked = 0

        def compute(self, **_):
            self.asked += 1
            raise Busy("no room")

    with Refusing("local:") as client, pytest.raises(jax.errors.JaxRuntimeError, match="no room"):
        jax.vmap(lambda x: cross_entropy(x, YS[0], client=client))(
            jnp.zeros((100, 5, 3))
        ).block_until_ready()
    assert client.asked < 100


@maybe_jit
def test_scan_trains(client, maybe_jit):
    """A training loop inside of JAX follows a loop of JAX's own losses."""

    def trained(function, **more):
        def step(w, batch):
            x, y = batch
            loss, gradient = jax.value_and_grad(lambda w: function(x @ w, y, **more))(w)
            return w - 0.5 * gradient, loss

        return maybe_jit(lambda w: jax.lax.scan(step, w, (XS, YS)))(jnp.zeros((3, 3)))

    (w, losses), (their_w, their_losses) = (
        trained(cross_entropy, client=client),
        trained(reference.cross_entropy),
    )
    assert client.taken() == [("loss", "dscores")] * 7
    np.testing.assert_allclose(losses, their_losses, rtol=1e-12)
    np.testing.assert_allclose(w, their_w, rtol=0, atol=1e-12)


@maybe_jit
def test_checkpoint(client, maybe_jit):
    """Makes the call again, where it does; what is not differentiated by stays that."""

    def loss_of(x):
        weight = jnp.array([1.0, 2.0, 3.0])
        return cross_entropy(jnp.tanh(x), YS[0], client=client, weight=weight)

    expected = jax.grad(loss_of)(XS[0])
    client.taken()
    found = maybe_jit(jax.grad(jax.checkpoint(loss_of)))(XS[0])
    assert set(client.taken()) == {("loss", "dscores")}
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)


def test_compiled_once_for_equal_cases(client):
    traced = []

    @jax.jit
    def loss_of(x):
        traced.append(1)
        return cross_entropy(x, YS[0], client=client)

    for x in XS:
        loss_of(x).block_until_ready()
    assert len(traced) == 1
    assert len(client.taken()) == len(XS)
