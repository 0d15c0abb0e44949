"""The ways to the same loss and gradients, and what a copy of the inputs costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from lossgrad.types import Array
from lossgrad_service.benchmarks.copies import copies
from lossgrad_service.benchmarks.kernel import ours, textbook
from lossgrad_service.benchmarks.kernel.copies import shared_copies
from lossgrad_service.benchmarks.kernel.libraries import is_there, jax, pytorch, scikit_learn
from lossgrad_service.benchmarks.kernel.problems import (
    THREADS,
    Head,
    Scores,
    Way,
    random_head,
    random_scores,
)
from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.timing import Call

MEMCPY, PYTORCH = "memcpy", "PyTorch"
"""What the others are compared with."""

_TO_DSCORES: Mapping[str, Callable[[Scores], Way]] = {
    "kernel, 1 thread": partial(ours.kernel, threads=1),
    f"kernel, {THREADS} threads": partial(ours.kernel, threads=THREADS),
    f"whole call, {THREADS} threads": partial(ours.whole_call_of_scores, threads=THREADS),
    "NumPy": textbook.of_scores,
    PYTORCH: pytorch.of_scores,
    "scikit-learn": scikit_learn.of_scores,
    "JAX": jax.of_scores,
}

_THROUGH_HEAD: Mapping[str, Callable[[Head], Way]] = {
    "whole call, 1 thread": partial(ours.whole_call_of_head, threads=1),
    f"whole call, {THREADS} threads": partial(ours.whole_call_of_head, threads=THREADS),
    "NumPy": textbook.of_head,
    PYTORCH: pytorch.of_head,
    "JAX": jax.of_head,
}


def calls_of(shape: Shape) -> dict[str, Call]:
    """Return what is timed at a shape: copies of the inputs, and every way that is there."""
    if shape.width is None:
        scores = random_scores(shape.rows, shape.classes)
        return {**_copies(scores.scores), **ways_to_dscores(scores)}
    head = random_head(shape.rows, shape.width, shape.classes)
    return {**_copies(head.h1, head.w2, head.b2), **ways_through_head(head)}


def ways_to_dscores(problem: Scores) -> dict[str, Way]:
    """Return the ways from scores to the loss and dScores."""
    return {name: way_of(problem) for name, way_of in _TO_DSCORES.items() if is_there(name)}


def ways_through_head(problem: Head) -> dict[str, Way]:
    """Return the ways from a last layer to the loss, dW2, db2 and dH1."""
    return {name: way_of(problem) for name, way_of in _THROUGH_HEAD.items() if is_there(name)}


def _copies(*arrays: Array) -> dict[str, Call]:
    return {
        MEMCPY: copies(*arrays),
        f"memcpy, {THREADS} threads": shared_copies(*arrays, threads=THREADS),
    }
