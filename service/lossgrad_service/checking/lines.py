"""A line through a problem, along which its loss is differenced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np

from lossgrad.types import Array, Problem, Result
from lossgrad.types.check_parts import SUSPICIOUS_FROM
from lossgrad_service import core
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.steps import Hinge, Steps

STENCIL: Final = ((-2, 1), (-1, -8), (1, 8), (2, -1))
"""f'(x) ≈ Σ weight·f(x + offset·h) / 12h, with an error of h⁴·f⁽⁵⁾/30."""

_FARTHEST: Final = 2
"""The largest offset."""

_SMOOTH_REACH: Final = 1e-3
"""How far a step moves a score at most, in units of the temperature."""

_KINKED_REACH: Final = 1e-6
"""The same where a longer step would take many rows over a kink."""

_MOVED: Final[Mapping[str, str]] = {
    "dscores": "scores",
    "dw2": "w2",
    "db2": "b2",
    "dh1": "h1",
    "dw1": "w1",
    "db1": "b1",
    "dx": "x",
    "dtargets": "targets",
}
"""Each gradient, and the input that is moved."""

_OF_SCORES: Final = ("scores", "labels", "targets", "class_weights", "sample_weights")
_OF_OUTPUT_LAYER: Final = ("h1", "w2", "b2", *_OF_SCORES[1:])
_OF_BOTH_LAYERS: Final = ("x", "w1", "b1", *_OF_OUTPUT_LAYER[1:])
_INPUTS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("scores", "targets"), _OF_SCORES),
    **dict.fromkeys(("h1", "w2", "b2"), _OF_OUTPUT_LAYER),
    **dict.fromkeys(("x", "w1", "b1"), _OF_BOTH_LAYERS),
}
"""By what is moved, the inputs of the problem in which it is an input."""

_UNIT: Final = 2.0**-53
_LOST: Final = 64
"""Units that four values of the loss may lose together."""


@dataclass(frozen=True, eq=False)
class Line:
    """The problem in which one input moves along a random direction."""

    right: Steps
    name: str
    """The gradient that is verified."""
    direction: Array

    @classmethod
    def random(cls, right: Steps, name: str, rng: np.random.Generator) -> Self:
        """Return a line whose direction has no entry near 0, but for targets of masked classes."""
        shape = _inputs(right, _MOVED[name])[_MOVED[name]].shape
        direction = rng.choice((-1.0, 1.0), shape) * rng.uniform(0.5, 1.5, shape)
        if name == "dtargets":
            is_masked = np.isneginf(right.z).reshape(shape)
            direction = np.where(is_masked, 0.0, np.abs(direction))
        return cls(right, name, direction)

    def error(self, gradient: Array, checkpoint: Callable[[], None]) -> float | None:
        """Return the relative error of a gradient's slope beside that of the loss.

        None where either is not finite because such values are propagated.

        Rows that a step takes over a kink of the ReLU or of the hinge loss are left out of
        both.

        Parameters
        ----------
        gradient
            In float64, in the shape of what is moved.
        checkpoint
            Called between values of the loss.
        """
        counted = gradient - self._gradient_of_kinked(checkpoint)
        told = float((counted * self.direction).sum())
        differenced = self._differenced(checkpoint)
        if not np.isfinite(told - differenced):
            return None if self._batch.options.nonfinite == "propagate" else np.inf
        scale = max(abs(told), abs(differenced), self._lost(gradient) / SUSPICIOUS_FROM)
        return abs(told - differenced) / scale if told != differenced else 0.0

    @cached_property
    def _inputs(self) -> dict[str, Array]:
        return _inputs(self.right, self._moved)

    @property
    def _moved(self) -> str:
        return _MOVED[self.name]

    @property
    def _batch(self) -> Batch:
        return self.right.batch

    @cached_property
    def _step(self) -> float:
        """The step within reach."""
        is_kinked = self._moved in ("x", "w1", "b1") or isinstance(self.right, Hinge)
        reach = _KINKED_REACH if is_kinked else _SMOOTH_REACH
        moves = np.abs(self._score_moves()) / self._batch.options.temperature
        largest = float(moves.max(initial=0.0, where=np.isfinite(moves)))
        return reach / largest if largest > 0 else reach

    def _score_moves(self) -> Array:
        """Return what a step of 1 moves the scores by, at most."""
        if self.name == "dtargets":
            return np.zeros(1)
        rows, right = self._rows_of_direction, self.right
        if self._moved in ("x", "w1", "b1"):
            return np.abs(self._before_relu_moves) @ np.abs(self._inputs["w2"])
        if self._moved == "h1":
            return rows @ self._inputs["w2"]
        return right.h1 @ rows if self._moved == "w2" else rows

    @cached_property
    def _before_relu_moves(self) -> Array:
        """What a step of 1 moves x·w1 + b1 by; (1, D) of a bias."""
        if self._moved == "x":
            return self._rows_of_direction @ self._inputs["w1"]
        return self.right.x @ self.direction if self._moved == "w1" else self.direction[None]

    @property
    def _rows_of_direction(self) -> Array:
        """The direction of an input with rows, with those on one axis; of others as it is."""
        if self._moved in ("scores", "h1", "x", "targets"):
            return self.direction.reshape(self._batch.n_rows, self.direction.shape[-1])
        return self.direction

    def _at(self, offset: float) -> Array:
        """Return what is moved, some steps away; targets may not become negative."""
        start = _FARTHEST if self.name == "dtargets" else 0
        return self._inputs[self._moved] + (start + offset) * self._step * self.direction

    @cached_property
    def _kinked(self) -> Array:
        """The rows that have a kink within the steps, (N,)."""
        kinked = np.zeros(self._batch.n_rows, bool)
        if self.name == "dtargets" or not self._batch.denominator:
            return kinked
        for before, after in zip(self._sides(-_FARTHEST), self._sides(_FARTHEST), strict=True):
            kinked |= np.any(before != after, axis=1)
        return kinked

    def _sides(self, offset: float) -> list[Array]:
        """Return on which side each row is of each of its kinks, (N, …) for each sort of them."""
        problem = self._problem(self._inputs | {self._moved: self._at(offset)}, "loss")
        moved = type(self.right)(Batch.of(problem, self._batch.denominator))
        sides = [moved.before_relu > 0] if "x" in self._inputs else []
        return [*sides, moved.terms > 0] if isinstance(moved, Hinge) else sides

    @cached_property
    def _without_kinked(self) -> dict[str, Any]:
        """Inputs and options with which rows at kinks do not count."""
        return self._weighted(~self._kinked) if self._kinked.any() else self._inputs

    def _gradient_of_kinked(self, checkpoint: Callable[[], None]) -> Array | float:
        if not self._kinked.any():
            return 0.0
        problem = self._problem(self._weighted(self._kinked) | {"reg": 0.0}, self.name)
        return getattr(core.compute(problem, checkpoint=checkpoint), self.name)

    def _weighted(self, rows: Array) -> dict[str, Any]:
        """Return inputs and options with which only some rows count, and as much as they did."""
        sample = np.where(rows, self._batch.weights.sample, 0.0).reshape(self._batch.leading)
        weighted: dict[str, Any] = self._inputs | {"sample_weights": sample}
        is_mean = self._batch.options.reduction == "mean"
        return weighted | ({"denominator": self._batch.denominator} if is_mean else {})

    def _problem(self, arguments: Mapping[str, Any], want: str) -> Problem:
        """Return a problem with the options of the batch, if the arguments do not say otherwise."""
        options = self._batch.options.chosen | {"nonfinite": "propagate", "gradient_dtype": "f64"}
        if "w2" not in self._inputs:
            options["reg"] = 0.0
        return Problem.of(options | dict(arguments) | {"want": [want]})

    def _differenced(self, checkpoint: Callable[[], None]) -> float:
        """Return the slope of the loss, part by part: a large R would drown the data."""
        totals = np.zeros(3)
        for offset, weight in STENCIL:
            totals += weight * _parts(self._loss(offset, checkpoint))
        return float(totals.sum()) / (12 * self._step)

    def _loss(self, offset: float, checkpoint: Callable[[], None]) -> Result:
        moved = self._without_kinked | {self._moved: self._at(offset)}
        return core.compute(self._problem(moved, "loss"), checkpoint=checkpoint)

    def _lost(self, gradient: Array) -> float:
        """Return what the rounding of the losses, and of what is moved, may change the slope by."""
        right = self.right
        rows = float(np.abs(right.row_losses).sum() + np.abs(right.z_terms).sum())
        losses = rows / abs(right.divisor) + abs(right.penalties)
        origin = self._inputs[self._moved]
        moved = np.abs(np.where(np.isfinite(origin), origin, 0.0) * gradient).sum()
        return _UNIT * (_LOST * losses + float(moved)) / self._step


def _parts(result: Result) -> Array:
    return np.array([result.data_loss, result.z_loss, result.reg_loss])


def _inputs(right: Steps, moved: str) -> dict[str, Array]:
    """Return the inputs of the problem in which what is moved is an input."""
    batch = right.batch
    zeros = {
        name: np.zeros(batch.problem.sizes[axis])
        for name, axis in (("b2", "C"), ("b1", "D"))
        if axis in batch.problem.sizes
    }
    computed = {name: getattr(right, name) for name in ("scores", "h1") if name in _INPUTS[moved]}
    rows = {
        name: array.reshape(*batch.leading, array.shape[-1]) for name, array in computed.items()
    }
    known = zeros | rows | dict(batch.problem.inputs)
    return {name: known[name] for name in _INPUTS[moved] if name in known}
