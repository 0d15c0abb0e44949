"""The answer to a whole batch, added up from those to its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lossgrad import recycling
from lossgrad.compute_call import ComputeCall, Out
from lossgrad.types.arrays import Array
from lossgrad.types.denominator import row_weights
from lossgrad.types.limits import SUMS
from lossgrad.types.quantities import OUTPUTS
from lossgrad.types.result import Result

_BLOCK = 2**15
"""Entries that are added at a time: they stay in the second cache."""

_ADDED = ("data_loss", "reg_loss", "z_loss", "n_rows", "n_ignored")


class Totals:
    """Takes the answers to the parts of a batch as they come, and adds them in the parts' order.

    Sums over rows are added in float64 and rounded once. Outputs with rows are written where
    they stay by whoever receives them.

    Parameters
    ----------
    call
        Of the whole batch.
    """

    def __init__(self, call: ComputeCall) -> None:
        problem = call.problem
        self._call = call
        self._rows = {name: call.room_for(name) for name in problem.want if _has_rows(name)}
        self._flat = {name: _flattened(array, call) for name, array in self._rows.items()}
        self._sums: dict[str, Array] = {}
        self._scalars: dict[str, Any] = dict.fromkeys(_ADDED, 0)
        self._timing: dict[str, float] = {}
        self._n_correct = self._n_live = 0
        self._early: dict[int, tuple[slice, Result]] = {}
        self._n_added = 0

    def room_for(self, rows: slice) -> Out:
        """Return where the outputs of some rows go, each (n, …)."""
        return {name: array[rows] for name, array in self._flat.items()}

    def take(self, number: int, rows: slice, result: Result) -> None:
        """Take the answer to part `number`, which has `rows`."""
        self._early[number] = rows, result
        while self._n_added in self._early:
            self._add(*self._early.pop(self._n_added))
            self._n_added += 1

    @np.errstate(all="ignore")
    def _add(self, rows: slice, result: Result) -> None:
        for name in _ADDED:
            self._scalars[name] += getattr(result, name)
        self._scalars["denominator"] = result.denominator
        for name in SUMS:
            if name in result:
                self._add_sum(name, result.arrays[name])
        for stage, seconds in result.timing.items():
            self._timing[stage] = max(seconds, self._timing.get(stage, 0.0))
        if "accuracy" in result:
            self._count(rows, result.accuracy)

    def _add_sum(self, name: str, part: Array) -> None:
        if name in self._sums:
            _add_in_blocks(self._sums[name].reshape(-1), part.reshape(-1))
        else:
            self._sums[name] = recycling.empty(part.shape, np.dtype(np.float64))
            self._sums[name][...] = part

    def _count(self, rows: slice, accuracy: float) -> None:
        """Add a part's correct predictions, and the rows that it is the fraction of."""
        n_live = int(np.count_nonzero(row_weights(self._call.problem, rows)))
        self._n_live += n_live
        self._n_correct += round(accuracy * n_live) if n_live else 0

    def result(self) -> Result:
        """Return the answer to the whole, once every part's is taken.

        `timing` has, of each stage, the longest that a part took.
        """
        return Result({**self._told(), **self._rounded(), **self._rows}, self._timing)

    def _told(self) -> Mapping[str, Any]:
        told = self._scalars
        scalars = {"loss": told["data_loss"] + told["z_loss"] + told["reg_loss"], **told}
        if "accuracy" in self._call.problem.want:
            scalars["accuracy"] = self._n_correct / self._n_live if self._n_live else np.nan
        return scalars

    @np.errstate(all="ignore")
    def _rounded(self) -> Mapping[str, Array]:
        rooms = {name: self._call.room_for(name) for name in self._sums}
        for name, room in rooms.items():
            room[...] = self._sums[name]
        return rooms


def _has_rows(name: str) -> bool:
    return name in OUTPUTS and OUTPUTS[name].has_rows


def _add_in_blocks(total: Array, part: Array) -> None:
    """Add a vector to one of float64; of large ones a copy would take longer than the sum."""
    for start in range(0, len(total), _BLOCK):
        block = slice(start, start + _BLOCK)
        total[block] += part[block].astype(np.float64)


def _flattened(array: Array, call: ComputeCall) -> Array:
    """Return an array with its leading axes as one."""
    problem = call.problem
    return array.reshape(problem.n_rows, *array.shape[len(problem.leading) :])
