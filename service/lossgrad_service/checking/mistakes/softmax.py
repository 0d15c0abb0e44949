"""Mistakes in probabilities and in the gradient of a row."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from typing_extensions import override

from lossgrad.types import Array
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.mistakes.mistake import GRADIENTS, Mistake
from lossgrad_service.checking.steps import log_softmax


class LabelNotSubtracted(Mistake):
    """The −1 at the label was forgotten; the −count with the hinge loss."""

    code = "label_not_subtracted"
    shows_in = GRADIENTS

    @cached_property
    @override
    def subtracted(self) -> Array:
        return np.zeros(1)

    @cached_property
    @override
    def at_label(self) -> Array:
        return np.zeros(1)

    @property
    @override
    def text(self) -> str:
        if self.batch.options.loss == "hinge":
            return (
                "The label's own entry is 0. It is minus the number of classes in its row that "
                "come within the margin: dscores[range(N), y] = -too_close.sum(axis=1)."
            )
        return (
            "It is made of the probabilities alone. Subtract what is true from them before they "
            "are divided: dscores[range(N), y] -= 1, or dscores -= targets."
        )


class SubtractedInEveryRow(Mistake):
    """``dscores[:, y] -= 1``: every row at every label."""

    code = "label_subtracted_in_every_row"
    shows_in = GRADIENTS
    advice = (
        "1 is subtracted at every label of the batch in every row. dscores[:, y] does that; "
        "dscores[range(N), y] pairs each row with its own label."
    )

    @classmethod
    @override
    def is_possible(cls, batch: Batch, /) -> bool:
        options = batch.options
        has_labels = batch.problem.labels is not None
        return has_labels and options.loss == "softmax" and options.label_smoothing == 0

    @cached_property
    @override
    def subtracted(self) -> Array:
        labels = np.unique(self.labels[self.live[:, 0]])
        return self.sample * np.isin(np.arange(self.batch.n_classes), labels)


class SignFlipped(Mistake):
    """The row losses, and so all that follows from them, have the other sign."""

    code = "sign_flipped"
    shows_in = ("loss", "row_losses", *GRADIENTS, "dtargets")
    advice = (
        "The part of the data has the other sign. The loss of a row is -log(p[y]), and its "
        "gradient probs - onehot, not onehot - probs; it is subtracted from the weights only "
        "when they are updated."
    )

    @cached_property
    @override
    def row_losses(self) -> Array:
        return -super().row_losses

    @cached_property
    @override
    def dscores(self) -> Array:
        return -super().dscores


class WholeSignFlipped(Mistake):
    """The quantity with its penalty has the other sign."""

    code = "sign_flipped"
    advice = "It is ours with the other sign. Return the gradient itself, not the step down it."

    @override
    def quantity(self, name: str) -> Array:
        return -super().quantity(name)


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


class SummedAlongClasses(Mistake):
    """The gradient of a bias, summed over the classes in place of the rows."""

    code = "wrong_axis"
    shows_in = ("db2", "db1")
    advice = "It is summed over each row. A bias is added to every row: sum(axis=0)."

    @cached_property
    @override
    def db2(self) -> Array:
        return self.dscores.sum(axis=1)

    @cached_property
    @override
    def db1(self) -> Array:
        return self.dz1.sum(axis=1)


class SoftmaxTwice(Mistake):
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
