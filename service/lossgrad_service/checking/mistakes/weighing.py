"""Mistakes in what rows and classes weigh: smoothing, weights, ignored rows."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from typing_extensions import override

from lossgrad.types import Array, Problem
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.mistakes.mistake import Mistake
from lossgrad_service.checking.steps import Softmax


def _has_own_mean(batch: Batch) -> bool:
    options = batch.options
    is_own = options.reduction == "mean" and options.denominator is None
    return is_own and batch.denominator != 0


class NotSmoothed(Mistake, Softmax):
    """Label smoothing was left out."""

    code = "smoothing_mismatch"

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return batch.options.label_smoothing > 0

    @cached_property
    @override
    def smoothed(self) -> Array:
        return self.targets

    @property
    @override
    def text(self) -> str:
        epsilon = self.batch.options.label_smoothing
        return (
            f"Labels are not smoothed. label_smoothing={epsilon:g} trains towards "
            "(1 - eps) * onehot + eps / C, in the loss and in its gradient."
        )


class SmoothedOverOthers(NotSmoothed):
    """ε was shared among the other classes only."""

    advice = (
        "It has 1 - eps at the label and eps / (C - 1) at the others. Here eps is shared among all "
        "classes, the label's own too: (1 - eps) * onehot + eps / C, as PyTorch has it."
    )

    @cached_property
    @override
    def smoothed(self) -> Array:
        epsilon = self.batch.options.label_smoothing
        others = np.maximum(self.unmasked.sum(axis=1, keepdims=True) - 1, 1)
        share = np.where(self.unmasked, epsilon * (1 - self.targets) / others, 0.0)
        return (1 - epsilon) * self.targets + share

    @property
    @override
    def text(self) -> str:
        return self.advice


class SmoothedOverMasked(SmoothedOverOthers):
    """Masked classes were counted among those that share ε."""

    advice = (
        "eps is divided by the number of all classes, masked ones too. It is shared among the K "
        "classes whose score is not -inf: eps / K."
    )

    @cached_property
    @override
    def smoothed(self) -> Array:
        epsilon = self.batch.options.label_smoothing
        share = np.where(self.unmasked, epsilon / self.batch.n_classes, 0.0)
        return (1 - epsilon) * self.targets + share


class WeightsNotInDenominator(Mistake):
    """A weighted sum was divided by the number of rows."""

    code = "weights_denominator"
    advice = (
        "The weighted sum is divided by the number of rows. A weighted mean divides by the weights "
        "of its rows: sum(sample_weights * class_weights[y]); or say denominator=N."
    )

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        sent = batch.problem.inputs
        return _has_own_mean(batch) and bool({"class_weights", "sample_weights"} & sent.keys())

    @cached_property
    @override
    def divisor(self) -> float:
        return float((~self.batch.weights.ignored).sum())


class IgnoredInDenominator(Mistake):
    """Ignored rows were left out of the sum, but not of the mean's denominator."""

    code = "ignored_rows_counted"

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return _has_own_mean(batch) and bool(batch.weights.ignored.any())

    @cached_property
    @override
    def divisor(self) -> float:
        return self.batch.denominator + float(self.batch.weights.ignored.sum())

    @property
    @override
    def text(self) -> str:
        ignored = int(self.batch.weights.ignored.sum())
        return (
            f"The mean is taken over all rows, the {ignored} ignored ones too. Divide by the rows "
            "that count: (y != ignore_index).sum()."
        )


class IgnoredInLoss(Mistake):
    """Ignored rows were computed with the class that their label happens to index."""

    code = "ignored_rows_counted"
    advice = (
        "Rows whose label is ignore_index have a loss and a gradient, those of the class that the "
        "number indexes (-1 is the last one). Set both to 0 there: dscores[y == ignore_index] = 0."
    )

    def __init__(self, batch: Batch) -> None:
        super().__init__(_with_ignored_rows(batch))

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        index = batch.options.ignore_index
        is_class = index is not None and -batch.n_classes <= index < batch.n_classes
        return is_class and bool(batch.weights.ignored.any())


def _with_ignored_rows(batch: Batch) -> Batch:
    """Return the batch in which no row is ignored, whose labels NumPy would index with."""
    inputs, options = dict(batch.problem.inputs), batch.options.chosen
    inputs["labels"] = inputs["labels"].astype(np.int64) % batch.n_classes
    options = {name: value for name, value in options.items() if name != "ignore_index"}
    counted = Batch.of(Problem.of(inputs | options), batch.denominator)
    is_own = _has_own_mean(batch)
    return Batch.of(counted.problem, counted.own_divisor) if is_own else counted
