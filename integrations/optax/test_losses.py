"""optax's cross-entropies and their ``jax.grad``, over all that they have in common with us."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
from hypothesis import given
from hypothesis import strategies as st

from integrations import drawing
from integrations.agreement import assert_agree, row_allowances, sizes, spreads
from integrations.drawing import LARGEST_WEIGHT, REDUCTIONS, dtypes, fixed
from integrations.optax.losses import answer, of_labels, of_targets
from integrations.ours import compute


@dtypes
@given(data=st.data())
@fixed
def test_labels_and_masks(dtype, data):
    problem = data.draw(drawing.with_masks(drawing.labelled(dtype)))
    problem |= {"reduction": data.draw(REDUCTIONS)}
    allowed = row_allowances(problem["scores"], sizes(problem["scores"]))
    assert_agree(compute(**problem), of_labels(problem), allowed)


@dtypes
@given(data=st.data())
@fixed
def test_targets(dtype, data):
    """Sums other than 1 included: JAX derives Q·p − q as well."""
    problem = data.draw(drawing.targeted(dtype)) | {"reduction": data.draw(REDUCTIONS)}
    scores = problem["scores"]
    allowed = row_allowances(scores, spreads(scores), LARGEST_WEIGHT * scores.shape[1])
    assert_agree(compute(**problem), of_targets(problem), allowed)


@dtypes
@given(data=st.data())
@fixed
def test_smoothing(dtype, data):
    problem = data.draw(drawing.labelled(dtype)) | {"reduction": data.draw(REDUCTIONS)}
    smoothing = data.draw(st.sampled_from([0.0, 0.1, 1.0]))
    one_hot = jax.nn.one_hot(problem["labels"], problem["scores"].shape[1], dtype=dtype)
    smoothed = np.asarray(optax.smooth_labels(one_hot, smoothing))
    allowed = row_allowances(problem["scores"], spreads(problem["scores"]), 2)
    theirs = of_targets(problem | {"targets": smoothed})
    assert_agree(compute(**problem, label_smoothing=smoothing), theirs, allowed)


def masked_smoothed(scores, labels, kept):
    """Return optax's loss with the masked classes left out by `where`, smoothed over the rest."""
    shares = kept / kept.sum(axis=1, keepdims=True)
    targets = 0.9 * jax.nn.one_hot(labels, scores.shape[1], dtype=scores.dtype) + 0.1 * shares
    return optax.softmax_cross_entropy(jnp.where(kept, scores, 0), targets, where=kept)


@dtypes
@given(data=st.data())
@fixed
def test_smoothing_beside_masks(dtype, data):
    """optax's own way to mask is `where`; our −∞ means the same."""
    problem = data.draw(drawing.with_masks(drawing.labelled(dtype)))
    scores, labels = problem["scores"], problem["labels"]
    kept = np.isfinite(scores)
    theirs = answer(masked_smoothed, "mean", np.where(kept, scores, 0), labels, kept)
    allowed = row_allowances(scores, sizes(scores), 2)
    assert_agree(compute(**problem, label_smoothing=0.1), theirs, allowed)


def with_options(scores, labels):
    """Return the loss of temperature 0.7, softcap 20 and z-loss 0.01, composed."""
    z = 20 * jnp.tanh(scores / 0.7 / 20)
    losses = optax.softmax_cross_entropy_with_integer_labels(z, labels)
    return losses + 0.01 * jax.nn.logsumexp(z, axis=1) ** 2


@given(problem=drawing.labelled(np.float64))
@fixed
def test_temperature_softcap_and_z_loss(problem):
    scores = problem["scores"]
    ours = compute(**problem, temperature=0.7, softcap=20.0, z_loss=0.01)
    theirs = answer(with_options, "mean", scores, problem["labels"])
    assert_agree(ours, theirs, row_allowances(scores, sizes(scores) / 0.7, 2 / 0.7))


def net(weights, x, labels):
    """Return the two-layer net's mean loss with R = 0.1·½·ΣW²."""
    hidden = jax.nn.relu(x @ weights["w1"] + weights["b1"])
    scores = hidden @ weights["w2"] + weights["b2"]
    squares = (weights["w1"] ** 2).sum() + (weights["w2"] ** 2).sum()
    losses = optax.softmax_cross_entropy_with_integer_labels(scores, labels)
    return losses.mean() + 0.05 * squares


def test_two_layers():
    rng = np.random.default_rng(0)
    shapes = {"w1": (6, 5), "b1": (5,), "w2": (5, 4), "b2": (4,)}
    weights = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x, labels = rng.normal(size=(20, 6)), rng.integers(0, 4, 20)
    loss, gradients = jax.value_and_grad(net)(weights, x, labels)
    ours = compute(x=x, labels=labels, **weights, reg=0.1)
    np.testing.assert_allclose(ours.loss, loss, rtol=1e-13)
    for name in shapes:
        np.testing.assert_allclose(
            ours.arrays[f"d{name}"], gradients[name], rtol=0, atol=1e-13, err_msg=name
        )


@dtypes
def test_arrays_are_taken_as_they_are(dtype):
    scores = jnp.asarray(np.random.default_rng(1).normal(size=(5, 3)).astype(dtype))
    labels = jnp.array([0, 2, 1, 1, 0])
    of_jax = compute(scores=scores, labels=labels)
    of_numpy = compute(scores=np.asarray(scores), labels=np.asarray(labels))
    assert of_jax.loss == of_numpy.loss
    assert of_jax.dscores.tobytes() == of_numpy.dscores.tobytes()


def test_bfloat16_is_bfloat16():
    scores = jnp.array([[1.0, 2.0], [0.5, 0.25]], jnp.bfloat16)
    ours = compute(scores=scores, labels=[0, 1])
    assert ours.dscores.dtype == scores.dtype
    assert jnp.asarray(ours.dscores).dtype == jnp.bfloat16
