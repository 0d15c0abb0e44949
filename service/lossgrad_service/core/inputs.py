"""The inputs of a problem that have rows, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lossgrad.types import Array, Problem
from lossgrad.types.arrays import read_rows
from lossgrad.types.quantities import INPUTS


def inputs_with_rows(problem: Problem, among: Iterable[str] = INPUTS) -> dict[str, Array]:
    """Return those of the inputs that were sent and have an entry or a vector for each row."""
    sent = problem.inputs
    return {name: sent[name] for name in among if name in sent and INPUTS[name].has_rows}


def rows_of(inputs: Mapping[str, Array], span: slice) -> dict[str, Array]:
    """Return rows `span` of inputs with rows, each (n, …)."""
    return {
        name: read_rows(array, span, vectors=INPUTS[name].has_vectors)
        for name, array in inputs.items()
    }
