"""The ways of getting the same loss and gradients, and what a copy of their bytes costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from lossgrad_service.benchmarks.kernel import ours, textbook
from lossgrad_service.benchmarks.kernel.copies import copies, shared_copies
from lossgrad_service.benchmarks.kernel.libraries import is_installed, jax, pytorch, scikit_learn
from lossgrad_service.benchmarks.kernel.problems import (
    THREADS,
    Head,
    Scores,
    Way,
    random_head,
    random_scores,
)
from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.ways import Call

MEMCPY, PYTORCH = "memcpy", "PyTorch"
"""What every way is compared with."""

_OF_SCORES: Mapping[str, Callable[[Scores], Way]] = {
    "kernel, 1 thread": partial(ours.kernel, threads=1),
    f"kernel, {THREADS} threads": partial(ours.kernel, threads=THREADS),
    f"whole call, {THREADS} threads": partial(
        ours.whole_call, want=("dscores",), threads=THREADS
    ),
    "NumPy": textbook.of_scores,
    PYTORCH: partial(pytorch.of_scores, threads=THREADS),
    "scikit-learn": partial(scikit_learn.of_scores, threads=THREADS),
    "JAX": jax.of_scores,
}

_OF_HEAD: Mapping[str, Callable[[Head], Way]] = {
    "whole call, 1 thread": partial(ours.whole_call, want=("dw2", "db2", "dh1"), threads=1),
    f"whole call, {THREADS} threads": partial(
        ours.whole_call, want=("dw2", "db2", "dh1"), threads=THREADS
    ),
    "NumPy": textbook.of_head,
    PYTORCH: partial(pytorch.of_head, threads=THREADS),
    "JAX": jax.of_head,
}


def copies_and_ways(shape: Shape) -> dict[str, Call]:
    """Return a copy of what goes in, as much as comes out, and every way that is there."""
    if shape.width is None:
        scores = random_scores(shape.rows, shape.classes)
        return _copies(scores.scores) | ways_of_scores(scores)
    head = random_head(shape.rows, shape.width, shape.classes)
    return _copies(head.w2, head.b2, head.h1) | ways_of_head(head)


def ways_of_scores(problem: Scores) -> dict[str, Way]:
    """Return the ways to the loss and dScores."""
    return {name: prepare(problem) for name, prepare in _OF_SCORES.items() if is_installed(name)}


def ways_of_head(problem: Head) -> dict[str, Way]:
    """Return the ways to the loss, dW2, db2 and dH1."""
    return {name: prepare(problem) for name, prepare in _OF_HEAD.items() if is_installed(name)}


def _copies(*arrays: Any) -> dict[str, Call]:
    return {
        MEMCPY: copies(*arrays),
        f"memcpy, {THREADS} threads": shared_copies(*arrays, threads=THREADS),
    }
