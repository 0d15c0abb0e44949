"""The arrays of a problem as a textbook has them: float64, with rows on one axis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from lossgrad.types import Array, Options, Problem, dtypes
from lossgrad.types.arrays import read_rows
from lossgrad.types.quantities import INPUTS
from lossgrad_service.core.weights import RowWeights

_FLOATS = tuple(name for name, entry in INPUTS.items() if entry.dtypes == dtypes.FLOATS)


def in_float64(problem: Problem, want: Iterable[str]) -> Problem:
    """Return the problem with float64 inputs, which wants these outputs in float64 as well."""
    inputs = {
        name: array.astype(np.float64, copy=False) if name in _FLOATS else array
        for name, array in problem.inputs.items()
    }
    options = problem.options.chosen | {"want": tuple(want), "gradient_dtype": "f64"}
    return Problem.of(inputs | options)


@dataclass(frozen=True, eq=False)
class Batch:
    """The inputs of a problem in float64, rows flattened; those that were not sent are None."""

    problem: Problem
    denominator: float
    """D', as a result reports it."""

    @classmethod
    def of(cls, problem: Problem, denominator: float) -> Self:
        """Return the batch of a problem with float64 inputs."""
        return cls(problem, denominator)

    @property
    def options(self) -> Options:
        """Those of the problem."""
        return self.problem.options

    @property
    def leading(self) -> tuple[int, ...]:
        """Extents of the leading axes, as they were sent."""
        return self.problem.leading

    @property
    def n_rows(self) -> int:
        """N."""
        return self.problem.n_rows

    @property
    def n_classes(self) -> int:
        """C."""
        return self.problem.n_classes

    @cached_property
    def divisor(self) -> float:
        """D'; infinite where an empty mean is 0, NaN where it is to be NaN."""
        if self.denominator:
            return self.denominator
        return np.nan if self.options.empty_mean == "nan" else np.inf

    @cached_property
    def weights(self) -> RowWeights:
        """Labels and sample weights of each row."""
        labels, sample = self._numbers("labels"), self._numbers("sample_weights")
        return RowWeights.read(self.n_rows, labels, sample, self.options.ignore_index)

    @cached_property
    def class_weights(self) -> Array:
        """c, (C,); 1 where none were sent."""
        sent = self.problem.class_weights
        return np.ones(self.n_classes) if sent is None else sent

    @cached_property
    def own_divisor(self) -> float:
        """What a mean divides by of its own: Σ a·c at the labels, Σ a with targets."""
        if self.problem.labels is None:
            return float(self.weights.sample.sum())
        return float(self.weights.at_labels(self.class_weights).sum())

    def rows(self, name: str) -> Array:
        """Return an input with rows that was sent, (N,) or (N, …)."""
        array, vectors = self.problem.inputs[name], INPUTS[name].has_vectors
        return read_rows(array, slice(0, self.n_rows), vectors=vectors)

    def sound_rows(self, name: str) -> Array:
        """Return the same with 0 for NaN and infinity in rows that do not count."""
        rows = self.rows(name)
        return np.where(self.weights.live[:, None] | np.isfinite(rows), rows, 0.0)

    def _numbers(self, name: str) -> Array | None:
        return self.rows(name) if name in self.problem.inputs else None
