"""Ours beside a composition of jax.numpy that ``jax.grad`` derives, over all options."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.drawing import fixed
from integrations.jax_losses import problems, reference
from lossgrad import Client
from lossgrad.jax import cross_entropy, linear_cross_entropy

DTYPES = ["float16", "bfloat16", "float32", "float64"]
MOVED = {"input", "linear_weight", "linear_bias"}
ROUNDINGS = 64
"""Errors of ours in units of the wider of float32 and the dtype, at most."""

few = settings(fixed, max_examples=20)
LOCAL = Client("local:")


def widened(array):
    """Return an array in which the reference computes, whatever ours do."""
    return array.astype(jnp.float64) if jnp.issubdtype(array.dtype, jnp.floating) else array


def moved_of(arrays):
    is_soft = jnp.issubdtype(arrays["target"].dtype, jnp.floating)
    return [name for name in arrays if name in MOVED or (name == "target" and is_soft)]


def upstream_of(loss):
    """Return a cotangent that is exact in any dtype and of another size for each row."""
    return (1 + np.arange(loss.size).reshape(loss.shape) % 4).astype(loss.dtype)


def evaluate(function, arrays, options):
    """Return the loss, and gradients for a cotangent, by name."""
    names = moved_of(arrays)
    fixed_arrays = {name: array for name, array in arrays.items() if name not in names}

    def of_moved(moved):
        return function(**moved, **fixed_arrays, **options)

    loss, pull = jax.vjp(of_moved, {name: arrays[name] for name in names})
    return loss, pull(jnp.asarray(upstream_of(loss)))[0]


def assert_close(ours, theirs):
    assert ours.shape == theirs.shape
    rounded_to, computed_in = (
        jnp.finfo(ours.dtype),
        jnp.finfo(jnp.promote_types(ours.dtype, jnp.float32)),
    )
    size = max(1.0, np.abs(theirs).max(initial=0))
    allowed = rounded_to.eps * np.abs(theirs) + ROUNDINGS * computed_in.eps * size
    assert np.all(np.abs(np.asarray(ours, np.float64) - theirs) <= allowed)


def hold(ours_of, theirs_of, arrays, options):
    ours, our_gradients = evaluate(ours_of, arrays, options | {"client": LOCAL})
    wide = {name: widened(array) for name, array in arrays.items()}
    theirs, their_gradients = evaluate(theirs_of, wide, options)
    assert ours.dtype == arrays["input"].dtype
    assert_close(ours, theirs)
    assert our_gradients.keys() == their_gradients.keys()
    for name, gradient in our_gradients.items():
        assert gradient.dtype == arrays[name].dtype
        assert_close(gradient, their_gradients[name])


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
@few
def test_cross_entropy(dtype, data):
    hold(cross_entropy, reference.cross_entropy, *data.draw(problems.of_scores(dtype)))


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
@few
def test_linear_cross_entropy(dtype, data):
    hold(
        linear_cross_entropy, reference.linear_cross_entropy, *data.draw(problems.of_layers(dtype))
    )


def test_reference_is_optax():
    rng = np.random.default_rng(0)
    scores, labels = jnp.asarray(rng.normal(size=(6, 4))), jnp.asarray(rng.integers(0, 4, 6))
    theirs = optax.softmax_cross_entropy_with_integer_labels(scores, labels)
    ours = reference.cross_entropy(scores, labels, reduction="none")
    np.testing.assert_allclose(ours, theirs, rtol=1e-14)
    shares = jnp.asarray(rng.dirichlet(np.ones(4), 6))
    theirs = optax.softmax_cross_entropy(scores, shares)
    ours = reference.cross_entropy(scores, shares, reduction="none")
    np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_dtypes_may_be_mixed():
    arrays = problems.as_dtype(
        {"input": np.ones((6, 3)), "linear_bias": np.arange(4.0), "target": np.arange(6) % 4},
        "bfloat16",
    )
    arrays["linear_weight"] = jnp.asarray(np.random.default_rng(0).normal(size=(4, 3)))
    for reduction in ("mean", "none"):
        hold(linear_cross_entropy, reference.linear_cross_entropy, arrays, {"reduction": reduction})


def test_rows_that_do_not_count_poison_nothing():
    """Their NaN meets an upstream NaN, as of a loss that the caller masks."""
    arrays = {
        "input": jnp.array([[1.0, 2.0], [np.nan, 0.0]]),
        "linear_weight": jnp.ones((3, 2)),
        "target": jnp.array([1, -100]),
    }
    _, pull = jax.vjp(
        lambda x, w: linear_cross_entropy(x, w, arrays["target"], client=LOCAL, reduction="none"),
        arrays["input"],
        arrays["linear_weight"],
    )
    of_input, of_weight = pull(jnp.array([1.0, np.nan]))
    assert np.isfinite(of_input).all()
    assert np.isfinite(of_weight).all()
    assert not of_input[1].any()


def test_what_jax_calls_float32():
    """JAX's default: no 64 bits anywhere."""
    with jax.enable_x64(False):
        loss, gradient = jax.value_and_grad(cross_entropy)(
            np.eye(3), np.array([0, 1, 2]), client=LOCAL
        )
        compiled = jax.jit(lambda x, y: cross_entropy(x, y, client=LOCAL))
        again = compiled(np.eye(3), np.array([0, 1, 2]))
    assert loss.dtype == gradient.dtype == again.dtype == jnp.float32
    assert loss == again
