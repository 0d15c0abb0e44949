"""What is wrong is told in PyTorch's words, as early as JAX lets us."""

from __future__ import annotations

import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lossgrad import Client, InvalidArgument, Unavailable
from lossgrad.jax import cross_entropy, linear_cross_entropy
from lossgrad.retry import TokenBucket

X, Y = jnp.zeros((3, 2)), jnp.array([0, 1, 5])
W = jnp.zeros((2, 2))

maybe_jit = pytest.mark.parametrize("maybe_jit", [lambda f: f, jax.jit], ids=["eager", "jit"])

AT_TRACING = {
    "shape": ({"target": jnp.zeros(2, int)}, r"target: leading shape is \(2,\).*of input"),
    "dtype": ({"input": jnp.zeros((3, 2), int)}, "input: dtype must be one of"),
    "weight": ({"weight": jnp.ones(5)}, "weight: C is 5, but 2 in input"),
    "option": ({"temperature": 0.0}, "temperature: must be a number from"),
    "word": ({"reduction": "max"}, "reduction: must be one of 'mean', 'sum', 'none'"),
    "unhashable": ({"softcap": [1.0]}, "softcap: must be"),
    "timeout": ({"timeout": -1}, "timeout: must be a finite number"),
    "denominator": ({"denominator": 2.0, "reduction": "sum"}, "denominator: goes with"),
}


@pytest.mark.parametrize("wrong", AT_TRACING)
def test_as_it_is_while_traced(client, wrong):
    changed, text = AT_TRACING[wrong]
    arguments = {"input": X, "target": jnp.zeros(3, int)} | changed
    for call in (jax.eval_shape, lambda f, x: f(x)):
        with pytest.raises(InvalidArgument, match=text) as caught:
            call(
                lambda x: cross_entropy(**arguments | {"input": x}, client=client),
                arguments["input"],
            )
        assert caught.value.violations
    assert client.taken() == []


def test_layer_of_other_features(client):
    with pytest.raises(InvalidArgument, match="linear_weight: D is 4, but 2 in input"):
        linear_cross_entropy(X, jnp.zeros((2, 4)), Y, client=client)


def test_traced_denominator(client):
    with pytest.raises(InvalidArgument, match=r"denominator: .*reduction='sum' and divide"):
        jax.jit(lambda x: cross_entropy(x, Y, client=client, denominator=x.sum()))(X)


def test_numbers_of_jax_are_numbers(client):
    y = jnp.zeros(3, int)
    by_two = cross_entropy(X, y, client=client, denominator=jnp.float32(2.0))
    assert by_two == cross_entropy(X, y, client=client, denominator=2.0)


@pytest.mark.parametrize("derived", [lambda f: f, jax.grad], ids=["plain", "grad"])
def test_entries_outside_of_transformations(far_client, derived):
    with pytest.raises(
        InvalidArgument, match=r"target: must be in \[0, 2\).*row 2 has 5"
    ) as caught:
        derived(lambda x: cross_entropy(x, Y, client=far_client))(X)
    assert caught.value.violations[0].field == "target"


@pytest.mark.parametrize("mapped", [jax.jit, jax.vmap], ids=["jit", "vmap"])
def test_entries_within_transformations(client, caplog, mapped):
    """JAX logs the exception, and raises its own with the class and text of ours."""
    text = r"InvalidArgument: target: must be in \[0, 2\)"
    with (
        caplog.at_level(logging.CRITICAL, logger="jax"),
        pytest.raises(jax.errors.JaxRuntimeError, match=text),
    ):
        mapped(lambda x: cross_entropy(x, Y, client=client))(
            X if mapped is jax.jit else X[None]
        ).block_until_ready()


def test_entries_after_a_success(client):
    """A compiled function that succeeded once raises what is no JaxRuntimeError."""
    loss_of = jax.jit(lambda y: cross_entropy(X, y, client=client))
    loss_of(jnp.zeros(3, int)).block_until_ready()
    with pytest.raises(ValueError, match=r"InvalidArgument: target: must be in \[0, 2\)"):
        loss_of(Y).block_until_ready()


@pytest.mark.parametrize("array", [np.array, list, lambda y: [np.array(y[:1]), np.array(y[1:])]])
@maybe_jit
def test_integers_that_jax_would_wrap(client, maybe_jit, array):
    """Without 64 bits it makes class 0 of 2**32."""
    labels = array([0, 2**32])
    with (
        jax.enable_x64(False),
        pytest.raises(InvalidArgument, match="target: must fit into int32; row 1 has 4294967296"),
    ):
        maybe_jit(lambda x: cross_entropy(x, labels, client=client))(jnp.zeros((2, 2)))
    assert client.taken() == []


def test_index_of_rows_that_jax_has_wrapped(client):
    """It makes class 0 of int64's least number, too, before the function sees it."""
    padding = np.iinfo(np.int64).min
    with jax.enable_x64(False), pytest.raises(InvalidArgument, match="ignore_index: must fit into"):
        jax.jit(lambda y: cross_entropy(X, y, client=client, ignore_index=padding))(
            np.array([0, 1, padding])
        )
    assert client.taken() == []


@pytest.mark.parametrize("has_64_bits", [False, True])
def test_index_that_no_row_could_have(client, has_64_bits):
    """Narrow labels ignore none by default, and nothing is wrong with it."""
    with jax.enable_x64(has_64_bits):
        loss = cross_entropy(np.zeros((2, 2)), np.array([0, 1], np.uint8), client=client)
    np.testing.assert_allclose(loss, np.log(2), rtol=1e-6)


def test_no_array():
    for changed in ({"input": None}, {"target": None}):
        ((name, _),) = changed.items()
        with pytest.raises(InvalidArgument, match=f"{name}: must be given"):
            cross_entropy(**{"input": X, "target": Y} | changed, client=Client("local:"))


@maybe_jit
def test_no_client(maybe_jit):
    with pytest.raises(InvalidArgument, match=r"client: must be a lossgrad\.Client, got str"):
        maybe_jit(lambda x: cross_entropy(x, Y, client="local:"))(X)


def test_nobody_there(monkeypatch):
    monkeypatch.setattr(TokenBucket, "spend", lambda _: False)
    with Client("localhost:1") as client, pytest.raises(Unavailable):
        cross_entropy(X, jnp.zeros(3, int), client=client)
