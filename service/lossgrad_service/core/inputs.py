"""The inputs of a problem that have rows, some rows at a time."""

from __future__ import annotations

from collections.abc import Mapping

from lossgrad.types import Array, Problem
from lossgrad.types.arrays import read_rows
from lossgrad.types.quantities import INPUTS

_WITH_VECTORS = frozenset(name for name, entry in INPUTS.items() if entry.has_vectors)


def row_parameters(problem: Problem) -> dict[str, Array]:
    """Return labels and sample weights so far as they were sent, which the denominator is made of.

    They are needed whole before the first row is computed.
    """
    sent = problem.inputs
    return {name: sent[name] for name in ("labels", "sample_weights") if name in sent}


def rows_of(inputs: Mapping[str, Array], span: slice) -> dict[str, Array]:
    """Return rows `span` of inputs with rows, each (n, …)."""
    return {
        name: read_rows(array, span, vectors=name in _WITH_VECTORS)
        for name, array in inputs.items()
    }
