"""Calling from Python what only other kernels call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lossgrad_service.kernels.arrays import frozen
from lossgrad_service.kernels.compiling.compiled import formula
from lossgrad_service.kernels.rows import softmax
from lossgrad_service.kernels.rows.partition import Scratch
from lossgrad_service.kernels.rows.scores import Scaling


def compiled(operation):
    """Return a function of compiled code, such as one of `by_type`, for callers in Python."""

    @formula
    def call(*arguments):
        return operation(*arguments)

    return call


def entrywise(operation):
    """Return a function that writes what an operation makes of the entries of two vectors."""

    @formula
    def write(a, b, out):
        for i in range(out.size):
            out[i] = operation(a[i], b[i])

    def apply(a, b):
        out = np.empty_like(a)
        write(a, b, out)
        return out

    return apply


@dataclass(frozen=True)
class LabelRows:
    """What `softmax.label_rows` writes of some rows; SENTINEL where it writes nothing."""

    first: np.ndarray
    maximum: np.ndarray
    rest: np.ndarray
    gap: np.ndarray
    gradient: np.ndarray | None


SENTINEL = -77


def label_rows(
    scores, labels=None, *, active=None, temperature=1.0, softcap=None, with_gradient=True
):
    """Return what is written of rows of weight 1; all active rows count."""
    rows = len(scores)
    labels = np.zeros(rows, np.intp) if labels is None else np.asarray(labels, np.intp)
    active = frozen(np.ones(rows, bool) if active is None else np.asarray(active))
    first = np.full(rows, SENTINEL, np.intp)
    maximum, rest, gap = (np.full(rows, float(SENTINEL)) for _ in range(3))
    gradient = np.full_like(scores, SENTINEL) if with_gradient else None
    softmax.label_rows(
        frozen(scores),
        frozen(labels),
        active,
        active,
        frozen(np.ones(rows)),
        1.0,
        1.0,
        Scaling.of(temperature, softcap),
        first,
        maximum,
        rest,
        gap,
        Scratch.of(scores),
        gradient,
    )
    return LabelRows(first, maximum, rest, gap, gradient)
