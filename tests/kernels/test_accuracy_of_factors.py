"""Contract §5 where weights, denominators and temperatures are as large or small as they may be.

e^{−97} is a subnormal float32 of 13 bits; times 1e5 it is a normal number and all bits count.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.drawing import batches
from tests.kernels.errors import dtypes, quick, worst_error

GAPS = np.array([88.0, 95.0, 97.0, 98.5, 103.3, 120.0, 150.0, 170.0])
HUGE = [1e5, 1e15, 1e30]
FACTORS = {
    "class weights": lambda factor: {"class_weights": [factor, factor / 3]},
    "sample weights": lambda factor: {"sample_weights": np.full(len(GAPS), factor)},
    "negative weights": lambda factor: {"sample_weights": np.full(len(GAPS), -factor)},
    "denominator": lambda factor: {"denominator": -1 / factor},
    "both": lambda factor: {"class_weights": [factor, 1.0], "denominator": 1 / factor},
}


@dtypes
@pytest.mark.parametrize("factor", HUGE)
@pytest.mark.parametrize("name", FACTORS)
def test_what_a_factor_brings_back_from_the_subnormal_numbers(within, dtype, name, factor):
    scores = np.stack([GAPS, 0 * GAPS], axis=1).astype(dtype)
    options = FACTORS[name](factor)
    for label in (0, 1):
        within(f"factors {dtype.__name__}", worst_error(scores, [label] * len(GAPS), **options))


@dtypes
@pytest.mark.parametrize("factor", HUGE)
def test_what_targets_bring_back(within, dtype, factor):
    """Targets may be of any size: Q is."""
    scores = np.stack([GAPS, 0 * GAPS], axis=1).astype(dtype)
    targets = np.array([[factor, 0.0]] * len(GAPS))
    within(f"targets of any size {dtype.__name__}", worst_error(scores, targets))


@dtypes
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("denominator", [1e-100, -1e-30, 1e30, 1e300])
def test_denominators(within, dtype, denominator, smoothing):
    """Weights of the same size keep the gradient a number."""
    rng = np.random.default_rng(3)
    scores = (10 * rng.normal(size=(8, 5))).astype(dtype)
    weights = {"sample_weights": rng.random(8) * abs(denominator)}
    options = {"denominator": denominator, "label_smoothing": smoothing} | weights
    for labels in (scores.argmax(1), scores.argmin(1)):
        within(f"denominators {dtype.__name__}", worst_error(scores, labels, **options))


TEMPERATURES = {np.float32: [1e-30, 1e-5, 1e5, 1e30], np.float64: [1e-100, 1e-5, 1e5, 1e100]}
ENDS = [(dtype, value) for dtype, values in TEMPERATURES.items() for value in values]


def scaled_scores(scale, dtype):
    """Return scores of any spread, times `scale`."""
    spreads = np.array([1e-3, 1, 10, 30, 100, 300])[:, None]
    normal = np.random.default_rng(4).normal(size=(len(spreads), 5))
    return (normal * spreads * scale).astype(dtype)


@pytest.mark.parametrize(("dtype", "temperature"), ENDS)
def test_temperatures(within, dtype, temperature):
    scores = scaled_scores(temperature, dtype)
    for labels in (scores.argmax(1), scores.argmin(1)):
        error = worst_error(scores, labels, temperature=temperature)
        within(f"extreme temperatures {dtype.__name__}", error)


@pytest.mark.parametrize(("dtype", "softcap"), ENDS)
@pytest.mark.parametrize("temperature", [1.0, 1e-3, 1e3])
def test_softcaps(within, dtype, softcap, temperature):
    """Far beyond the cap, far within it, and about it."""
    for scale in (temperature, temperature * min(softcap, 1e30)):
        scores = scaled_scores(scale, dtype)
        for labels in (scores.argmax(1), scores.argmin(1)):
            options = {"softcap": softcap, "temperature": temperature}
            error = worst_error(scores, labels, **options)
            within(f"extreme softcaps {dtype.__name__}", error)


def powers(least, largest):
    return st.floats(least, largest).map(lambda power: 10.0**power)


OPTIONS = {
    "label_smoothing": st.sampled_from([1e-9, 0.1, 1.0]),
    "temperature": st.one_of(st.sampled_from([0.3, 7.0]), powers(-20, 20)),
    "softcap": powers(-3, 9),
    "z_loss": powers(-4, 0),
    "denominator": powers(-30, 30),
}


@dtypes
@given(
    batch=batches(),
    options=st.fixed_dictionaries({}, optional=OPTIONS),
    weights=st.sampled_from([(), ("sample",), ("class",), ("sample", "class")]),
    with_targets=st.booleans(),
    seed=st.integers(0, 1000),
)
@settings(quick, max_examples=200)
def test_everything_at_once(within, dtype, batch, options, weights, with_targets, seed):
    rng = np.random.default_rng(seed)
    scores, labels = batch[0] * options.get("temperature", 1.0), batch[1]
    scores = scores.astype(dtype)
    if "sample" in weights:
        options["sample_weights"] = 10.0 ** rng.uniform(-30, 30, len(scores))
    if "class" in weights:
        options["class_weights"] = 10.0 ** rng.uniform(-5, 5, scores.shape[1])
    targets = np.where(np.isinf(scores), 0, rng.random(scores.shape)) if with_targets else labels
    within(f"everything at once {dtype.__name__}", worst_error(scores, targets, **options))
