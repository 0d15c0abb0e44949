"""Mistakes in the axis along which probabilities add up to 1."""

from __future__ import annotations

from functools import cached_property

from typing_extensions import override

from lossgrad.types import Array
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.mistakes.mistake import Mistake
from lossgrad_service.checking.steps import log_softmax


class AlongRows(Mistake):
    """The softmax normalises along the first axis."""

    code = "wrong_axis"
    advice = (
        "Probabilities add up to 1 along the rows, not along the classes. Take the maximum and "
        "the sum over the last axis: axis=-1, keepdims=True."
    )

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return bool(batch.leading) and batch.options.loss == "softmax"

    @cached_property
    @override
    def log_probs(self) -> Array:
        return self._along(0)

    def _along(self, axis: int) -> Array:
        as_sent = self.z.reshape(*self.batch.leading, self.batch.n_classes)
        return log_softmax(as_sent, axis).reshape(self.z.shape)


class AlongSecondAxis(AlongRows):
    """The softmax normalises along the second of three or more axes."""

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return len(batch.leading) > 1 and batch.options.loss == "softmax"

    @cached_property
    @override
    def log_probs(self) -> Array:
        return self._along(1)


class OverEverything(Mistake):
    """The softmax divides by the sum over the whole batch."""

    code = "wrong_axis"
    advice = (
        "Probabilities add up to 1 over the whole batch: np.sum without an axis. Each row has a "
        "sum of its own: exponentials.sum(axis=-1, keepdims=True)."
    )

    @cached_property
    @override
    def log_probs(self) -> Array:
        return log_softmax(self.z, None)
