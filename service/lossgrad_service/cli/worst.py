"""The worst of the caller's quantities, with ours beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lossgrad import Client
from lossgrad.types import Check, CheckRequest
from lossgrad.types.check_parts import Comparison

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Worst:
    """One quantity, theirs and ours, and what was found in it."""

    comparison: Comparison
    codes: tuple[str, ...]
    """Of the diagnoses."""
    theirs: Numbers
    ours: Numbers


def worst_of(found: Check, request: CheckRequest, client: Client) -> Worst | None:
    """Return the quantity that is off most, and compute ours; None where no array was sent."""
    worst = _most_wrong(found)
    if worst is None:
        return None
    problem, name = request.problem, worst.name
    result = client.compute(**problem.inputs, **problem.options.chosen, want=[name])
    codes = tuple(finding.code for finding in found.findings if finding.name == name)
    theirs, ours = request.own[name], result.arrays[name]
    return Worst(worst, codes, theirs.astype(np.float64), ours.astype(np.float64))


def _most_wrong(found: Check) -> Comparison | None:
    drawn = [each for each in found.comparisons if each.name != "loss" and _has_numbers(each)]
    return max(drawn, key=lambda comparison: comparison.max_relative_error, default=None)


def _has_numbers(comparison: Comparison) -> bool:
    return 0 not in (*comparison.shape, *comparison.expected_shape)
