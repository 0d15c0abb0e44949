"""Problems that we and the others understand alike, drawn over wide regimes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from lossgrad.types import Array

Problem = dict[str, Any]

SPREADS = [0.0, 1e-3, 1.0, 10.0, 30.0, 100.0]
OFFSETS = [0.0, -1.5, 100.0, -7e3]
SHAPES = [(1, 1), (1, 2), (3, 2), (2, 5), (6, 4), (5, 9)]
"""(N, C); few, since JAX compiles for each."""

REDUCTIONS = st.sampled_from(["mean", "sum", "none"])
WANT = ["row_losses", "dscores"]
LARGEST_WEIGHT = 3.0

fixed = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
"""The same examples in every run."""

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
generators = st.integers(0, 2**32).map(np.random.default_rng)


@st.composite
def scores(draw: st.DrawFn, dtype: type[np.floating]) -> Array:
    """Draw rows of one regime, all finite."""
    drawn = draw(generators).normal(size=draw(st.sampled_from(SHAPES)))
    spread, offset = draw(st.sampled_from(SPREADS)), draw(st.sampled_from(OFFSETS))
    return (spread * drawn + offset).astype(dtype)


@st.composite
def labelled(draw: st.DrawFn, dtype: type[np.floating]) -> Problem:
    """Draw scores with labels, of which the first is 0."""
    rows = draw(scores(dtype))
    labels = draw(generators).integers(0, rows.shape[1], len(rows))
    labels[0] = 0
    return {"scores": rows, "labels": labels, "want": WANT}


@st.composite
def targeted(draw: st.DrawFn, dtype: type[np.floating]) -> Problem:
    """Draw scores with targets, which sum to 1, to something else, or are one-hot."""
    rows = draw(scores(dtype))
    rng = draw(generators)
    shares = rng.dirichlet(np.ones(rows.shape[1]), len(rows))
    one_hot = np.eye(rows.shape[1])[rng.integers(0, rows.shape[1], len(rows))]
    targets = draw(st.sampled_from([shares, LARGEST_WEIGHT * rng.random(rows.shape), one_hot]))
    return {"scores": rows, "targets": targets.astype(dtype), "want": WANT}


@st.composite
def with_masks(draw: st.DrawFn, problems: st.SearchStrategy[Problem]) -> Problem:
    """Draw a problem with labels and mask some of the other classes."""
    problem = draw(problems)
    masks = draw(generators).random(problem["scores"].shape) < draw(st.sampled_from([0.0, 0.3, 1]))
    np.put_along_axis(masks, problem["labels"][:, None], False, axis=1)
    return problem | {
        "scores": np.where(masks, problem["scores"].dtype.type(-np.inf), problem["scores"])
    }


@st.composite
def class_weights(draw: st.DrawFn, problem: Problem) -> Problem:
    """Draw the option, positive for class 0 and perhaps 0 for others, or nothing."""
    weights = draw(generators).uniform(0.1, LARGEST_WEIGHT, problem["scores"].shape[1])
    weights[1:] *= draw(generators).random(len(weights) - 1) < 0.8
    weights = weights.astype(problem["scores"].dtype)
    return draw(st.sampled_from([{}, {"class_weights": weights}]))


@st.composite
def ignored(draw: st.DrawFn, problem: Problem) -> Problem:
    """Draw an `ignore_index` and labels that have it, but for the first; or nothing."""
    index = draw(st.sampled_from([None, -100, 255, 1]))
    if index is None:
        return {}
    labels = problem["labels"].copy()
    labels[1:][draw(generators).random(len(labels) - 1) < 0.4] = index
    return {"labels": labels, "ignore_index": index}
