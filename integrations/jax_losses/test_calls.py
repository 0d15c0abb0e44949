"""One call for each evaluation, of no more than is needed."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from lossgrad import Client, InvalidArgument, Unimplemented, recycling
from lossgrad.jax import cross_entropy, linear_cross_entropy

RNG = np.random.default_rng(0)
X = jnp.asarray(RNG.normal(size=(5, 3)))
Y = jnp.array([0, 2, 1, 1, 0])
SHARES = jnp.asarray(RNG.dirichlet(np.ones(3), 5))
H = jnp.asarray(RNG.normal(size=(5, 2)))
W = jnp.asarray(RNG.normal(size=(3, 2)))
B = jnp.asarray(RNG.normal(size=3))

maybe_jit = pytest.mark.parametrize("maybe_jit", [lambda f: f, jax.jit], ids=["eager", "jit"])


@maybe_jit
def test_loss_alone(client, maybe_jit):
    maybe_jit(lambda x: cross_entropy(x, Y, client=client))(X).block_until_ready()
    assert client.taken() == [("loss",)]


@maybe_jit
def test_loss_with_gradient(client, maybe_jit):
    loss_of = maybe_jit(jax.value_and_grad(lambda x: cross_entropy(x, Y, client=client)))
    jax.block_until_ready(loss_of(X))
    assert client.taken() == [("loss", "dscores")]


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ("h", ["dh1"]),
        ("w", ["dw2"]),
        ("b", ["db2"]),
        ("t", ["dtargets"]),
        ("hw", ["dh1", "dw2"]),
        ("bhtw", ["db2", "dh1", "dtargets", "dw2"]),
    ],
)
@maybe_jit
def test_gradients_that_are_needed(client, maybe_jit, by, wanted):
    arrays = {"h": H, "w": W, "t": SHARES, "b": B}

    def loss_of(moved):
        a = arrays | moved
        return linear_cross_entropy(a["h"], a["w"], a["t"], a["b"], client=client)

    jax.block_until_ready(maybe_jit(jax.grad(loss_of))({name: arrays[name] for name in by}))
    ((first, *others),) = client.taken()
    assert first == "loss"
    assert sorted(others) == wanted


def test_layer_by_row(client):
    def loss_of(w):
        return linear_cross_entropy(H, w, Y, client=client, reduction="none").sum()

    jax.grad(loss_of)(W)
    assert client.taken() == [("row_losses", "dscores")]


def test_graph_has_one_callback(client):
    def step(x):
        return jax.value_and_grad(cross_entropy)(x, Y, client=client)

    assert str(jax.make_jaxpr(step)(X)).count("pure_callback[") == 1
    assert client.taken() == []


def test_loss_that_nobody_uses_is_not_asked_for(client):
    jax.jit(lambda x: (cross_entropy(x, Y, client=client), x)[1])(X).block_until_ready()
    assert client.taken() == []


def test_pulled_back_twice(client):
    """Backward changes nothing that a second one reads."""
    loss, pull = jax.vjp(lambda x: cross_entropy(x, Y, client=client), X)
    (once,), (twice,) = pull(jnp.ones_like(loss)), pull(2 * jnp.ones_like(loss))
    np.testing.assert_array_equal(2 * once, twice)
    assert len(client.taken()) == 1


class Lending(Client):
    """Answers in memory that JAX on a CPU takes over as it is, and lends it again when it is free.

    So do others, with large results.
    """

    def __init__(self):
        super().__init__("local:")
        self.memory = aligned(X.nbytes)
        self._recycler = recycling.Recycler(recycling.KEPT)
        self._recycler.take_back(self.memory)

    def compute(self, **arguments):
        room = self._recycler.empty(X.shape, X.dtype)
        return super().compute(**{**arguments, "out": {"dscores": room}})


def aligned(size):
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]


def test_results_are_nobody_elses():
    """Nobody copies them, and their memory has no other result while somebody holds them."""
    with Lending() as client:
        gradient_of = jax.grad(lambda x: cross_entropy(x, Y, client=client))
        first = gradient_of(X)
        kept = np.array(first)
        for k in range(3):
            gradient_of(X + k * jnp.arange(3))
    assert first.unsafe_buffer_pointer() == client.memory.ctypes.data
    np.testing.assert_array_equal(first, kept)


def test_donated_results_are_not_written_to():
    with Lending() as client:
        gradient = jax.grad(cross_entropy)(X, Y, client=client)
    kept = np.array(client.memory)
    assert kept.any()
    jax.jit(jnp.negative, donate_argnums=0)(gradient).block_until_ready()
    np.testing.assert_array_equal(client.memory, kept)


OPTIONS = [
    {},
    {"reduction": "sum"},
    {"reduction": "none"},
    {"label_smoothing": 0.2},
    {"temperature": 0.5, "softcap": 2.0, "z_loss": 0.1},
    {"denominator": 7.0, "weight": jnp.array([1.0, 2.0, 0.5])},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_gradients_are_slopes(client, options):
    def loss_of(h, w, b):
        return linear_cross_entropy(h, w, Y, b, client=client, **options)

    check_grads(loss_of, (H, W, B), order=1, modes=["rev"])
    check_grads(
        lambda x, t: cross_entropy(x, t, client=client, **options),
        (X, SHARES),
        order=1,
        modes=["rev"],
    )


@pytest.mark.parametrize("name", ["weight", "sample_weights"])
@maybe_jit
def test_weights_have_no_gradient(client, maybe_jit, name):
    length = {"weight": 3, "sample_weights": 5}[name]

    def loss_of(x, weights):
        return cross_entropy(x, Y, client=client, **{name: weights})

    with pytest.raises(InvalidArgument, match=rf"{name}: has no gradient.*stop_gradient\({name}\)"):
        maybe_jit(jax.grad(loss_of, argnums=1))(X, jnp.ones(length))
    stopped = jax.grad(lambda w: loss_of(X, jax.lax.stop_gradient(w)))(jnp.ones(length))
    assert not stopped.any()


@maybe_jit
def test_second_derivatives_are_refused(client, maybe_jit):
    with pytest.raises(Unimplemented, match="second derivatives"):
        maybe_jit(jax.hessian(lambda x: cross_entropy(x, Y, client=client)))(X)


def test_forward_mode_is_refused(client):
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jvp(lambda x: cross_entropy(x, Y, client=client), (X,), (X,))
