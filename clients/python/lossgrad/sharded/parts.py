"""The parts of a call, each of which is a call itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from lossgrad.compute_call import ComputeCall, Out
from lossgrad.transports.withdrawal import Withdrawal
from lossgrad.types.arrays import Array, read_rows
from lossgrad.types.options import DEFAULTS
from lossgrad.types.problem import Problem
from lossgrad.types.quantities import INPUTS


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a batch as a call of their own."""

    rows: slice
    """Which of the flattened rows of the batch."""
    call: ComputeCall
    withdrawal: Withdrawal = field(default_factory=Withdrawal)

    @classmethod
    def of(cls, whole: Problem, rows: slice, denominator: float, out: Out) -> Self:
        """Return the part with `rows`, which divides as the whole does.

        Parameters
        ----------
        whole
            The whole batch.
        rows
            Of the flattened ones.
        denominator
            What the mean of the whole divides by.
        out
            Where the part's outputs with rows go, each (n, …).
        """
        inputs = {name: _at(name, array, rows) for name, array in whole.inputs.items()}
        options = _options(whole, rows, denominator)
        return cls(rows, ComputeCall.of({**inputs, **options}, out))

    def withdraw(self) -> None:
        """End the call if it is under way; nothing is written to its arrays any more."""
        self.call.loan.end()
        self.withdrawal.withdraw()


def _at(name: str, array: Array, rows: slice) -> Array:
    entry = INPUTS[name]
    return read_rows(array, rows, vectors=entry.has_vectors) if entry.has_rows else array


def _options(whole: Problem, rows: slice, denominator: float) -> Mapping[str, Any]:
    """Return a part's options; the first part alone has the penalty, which no row changes."""
    options = whole.options.chosen
    if whole.options.reduction == "mean":
        options["denominator"] = denominator
    if rows.start > 0:
        options["reg"] = DEFAULTS.reg
    return options
