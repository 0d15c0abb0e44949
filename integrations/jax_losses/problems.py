"""Random problems in PyTorch's words: arrays by name, and options."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

from integrations.drawing import LARGEST_WEIGHT, REDUCTIONS, generators

INDICES = [(4,), (6, 4), (2, 4, 3)]
"""Shapes of input, classes on axis 1 but for the first; of one row or six, since JAX compiles
the reference for each number of them."""

FEATURES = [(3,), (2, 3, 3)]
N_CLASSES = 4


def rows_of(shape):
    return shape[:1] + shape[2:] if len(shape) > 1 else ()


@st.composite
def options(draw):
    """Draw options that both know; those of a mean that is empty but for its z-term apart."""
    chosen = {
        "reduction": draw(REDUCTIONS),
        "label_smoothing": draw(st.sampled_from([0.0, 0.1, 1.0])),
        "temperature": draw(st.sampled_from([1.0, 0.5])),
        "softcap": draw(st.sampled_from([None, 3.0])),
        "z_loss": draw(st.sampled_from([0.0, 0.01])),
    }
    if chosen["reduction"] == "mean":
        chosen["denominator"] = draw(st.sampled_from([None, 7.0]))
    return chosen


@st.composite
def targets(draw, rows, shape, axis):
    """Draw indices, some of them ignored but never all, or probabilities of any sum."""
    rng = draw(generators)
    if draw(st.booleans()):
        return {"target": rng.uniform(0.1, 2.0, shape)}, {}
    labels = rng.integers(0, shape[axis], rows)
    index = draw(st.sampled_from([-100, 255]))
    labels = np.where(rng.random(rows) < draw(st.sampled_from([0.0, 0.4])), index, labels)
    labels.reshape(-1)[:1] = 0
    return {"target": np.asarray(labels)}, {"ignore_index": index}


@st.composite
def weights(draw, rows, n_classes):
    """Draw weights of classes and of rows, some of these 0, or none."""
    rng = draw(generators)
    rows_weights = rng.uniform(0.5, LARGEST_WEIGHT, rows)
    rows_weights = np.asarray(rows_weights * (rng.random(rows) < 0.8))
    rows_weights.reshape(-1)[:1] = 1
    drawn = {}
    if draw(st.booleans()):
        drawn["weight"] = rng.uniform(0.5, LARGEST_WEIGHT, n_classes)
    if draw(st.booleans()):
        drawn["sample_weights"] = rows_weights
    return drawn


@st.composite
def of_scores(draw, dtype):
    """Draw the arrays and options of a `cross_entropy`."""
    shape = draw(st.sampled_from(INDICES))
    axis = min(1, len(shape) - 1)
    rng = draw(generators)
    arrays = {"input": 3 * rng.normal(size=shape)}
    target, more = draw(targets(rows_of(shape), shape, axis))
    arrays |= target | draw(weights(rows_of(shape), shape[axis]))
    return as_dtype(arrays, dtype), draw(options()) | more


@st.composite
def of_layers(draw, dtype):
    """Draw the arrays and options of a `linear_cross_entropy`."""
    shape = draw(st.sampled_from(FEATURES))
    rng = draw(generators)
    arrays = {
        "input": rng.normal(size=shape),
        "linear_weight": rng.normal(size=(N_CLASSES, shape[-1])),
    }
    if draw(st.booleans()):
        arrays["linear_bias"] = rng.normal(size=N_CLASSES)
    rows = shape[:-1]
    target, more = draw(targets(rows, (*rows, N_CLASSES), -1))
    arrays |= target | draw(weights(rows, N_CLASSES))
    return as_dtype(arrays, dtype), draw(options()) | more


def as_dtype(arrays, dtype):
    """Return JAX's arrays, floats in `dtype`."""
    return {
        name: jnp.asarray(array, dtype if array.dtype.kind == "f" else array.dtype)
        for name, array in arrays.items()
    }
