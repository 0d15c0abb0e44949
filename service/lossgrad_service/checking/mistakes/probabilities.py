"""Probabilities taken for scores, or scores for probabilities."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from typing_extensions import override

from lossgrad.types import Array
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.mistakes.mistake import Mistake
from lossgrad_service.checking.steps import Softmax, log_softmax


class SoftmaxTwice(Mistake, Softmax):
    """The probabilities were taken for scores: a softmax of the softmax."""

    code = "probabilities_as_logits"
    advice = (
        "It is what the softmax of the probabilities gives: softmax was applied twice. The loss "
        "takes scores (logits); leave the softmax of the last layer out."
    )

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        return batch.options.loss == "softmax"

    @cached_property
    @override
    def z(self) -> Array:
        return np.exp(log_softmax(super().z, axis=1))


class SoftmaxTwiceDifferentiated(SoftmaxTwice):
    """The same, and its gradient went back through both."""

    @cached_property
    @override
    def dz(self) -> Array:
        inner, probs = super().dz, self.z
        return probs * (inner - (probs * inner).sum(axis=1, keepdims=True))


class ScoresAreProbabilities(Mistake):
    """What was sent as scores are probabilities, which theirs takes for what they are."""

    code = "probabilities_as_logits"
    advice = (
        "The scores that were sent are probabilities, and your numbers take them so. Send what "
        "the softmax was applied to (logits), or the logarithm of the probabilities."
    )

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        if "scores" not in batch.problem.inputs or batch.options.loss != "softmax":
            return False
        scores = batch.rows("scores")
        return bool((scores >= 0).all()) and np.allclose(scores.sum(axis=1), 1, atol=1e-3)

    @cached_property
    @override
    def z(self) -> Array:
        return np.log(self.scores)
