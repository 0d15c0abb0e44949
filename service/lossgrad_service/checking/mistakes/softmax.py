"""Mistakes in probabilities and in the gradient of a row."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from typing_extensions import override

from lossgrad.types import Array
from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.mistakes.mistake import GRADIENTS, Mistake


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
