"""Looking for values that have no gradient, block by block (contract: `nonfinite`)."""

from __future__ import annotations

import numpy as np

from lossgrad.types import Array
from lossgrad_service.core.block import Block
from lossgrad_service.core.constants import Constants
from lossgrad_service.core.findings import (
    FINITE,
    LABEL_UNMASKED,
    NOT_MASKED,
    NOT_NEGATIVE,
    ONE_UNMASKED,
    Findings,
)
from lossgrad_service.core.plan import Plan

_SCORES_OVERFLOW = "computed as h1·w2 + b2, must be finite; scale the inputs down or use float64"
_HIDDEN_OVERFLOW = "computed as relu(x·w1 + b1), must be finite; scale down or use float64"


class Checks:
    """Notes what is wrong with each block; a row that does not count is never wrong."""

    def __init__(self, plan: Plan, constants: Constants) -> None:
        self._plan = plan
        self._findings = Findings()
        self._finite = plan.options.nonfinite == "error"
        self._may_be_masked = _maskable(plan, constants)

    def check(self, block: Block, first: Array, maximum: Array) -> None:
        """Note what is wrong with a block, whose first maximum and its score are given.

        Raises
        ------
        InvalidArgument
            When enough was found to name.
        """
        live = block.weights.live
        if block.targets is not None:
            self._note(block, "targets", NOT_NEGATIVE, live, block.targets < 0, block.targets)
        if not self._finite:
            return
        sound = self._check_inputs(block, live)
        labels = first if self._plan.has_targets else block.weights.labels
        if not self._scores_are_sound(block, maximum, labels):
            self._check_scores(block, sound, labels)
        if block.targets is not None:
            masked = (block.targets > 0) & np.isneginf(block.scores)
            self._note(block, "targets", NOT_MASKED, sound, masked, block.targets)

    def finish(self) -> None:
        """Raise what was found, if anything was."""
        self._findings.raise_if_any()

    def _note(
        self, block: Block, field: str, rule: str, rows: Array, wrong: Array, values: Array
    ) -> None:
        self._findings.note(field, rule, wrong & rows[:, None], values, block.start)

    def _check_inputs(self, block: Block, live: Array) -> Array:
        """Note what is not finite before there are scores; return the live rows without it.

        What is computed from a row that is wrong itself is not worth naming.
        """
        sound = live
        hidden_rule = FINITE if block.x is None else _HIDDEN_OVERFLOW
        for field, rule, values in (
            ("targets", FINITE, block.targets),
            ("x", FINITE, block.x),
            ("h1", hidden_rule, block.hidden),
        ):
            if values is not None:
                wrong = ~np.isfinite(values)
                self._note(block, field, rule, sound, wrong, values)
                sound = sound & ~wrong.any(axis=1)
        return sound

    def _scores_are_sound(self, block: Block, maximum: Array, labels: Array) -> bool:
        """Return whether no score is wrong, by a glance, or whether each has to be looked at.

        The maximum is finite unless the row has NaN, +∞ or nothing but −∞, so that
        scores that were sent need no further pass.
        """
        if self._plan.scores_are_computed:
            return bool(np.isfinite(block.scores).all())
        at_label = block.scores[np.arange(len(labels)), labels]
        return bool(np.isfinite(maximum).all() and not np.isneginf(at_label).any())

    def _check_scores(self, block: Block, sound: Array, labels: Array) -> None:
        """Note each score that is wrong, by the rule that it breaks.

        With targets, `labels` are classes of the largest score.
        """
        scores = block.scores
        masked = np.isneginf(scores) & self._may_be_masked
        rule = _SCORES_OVERFLOW if self._plan.scores_are_computed else FINITE
        self._note(block, "scores", rule, sound, ~np.isfinite(scores) & ~masked, scores)
        hopeless = masked.all(axis=1)
        at_label = np.zeros(scores.shape, bool)
        at_label[np.arange(len(labels)), labels] = True
        at_label &= masked
        self._note(block, "scores", ONE_UNMASKED, sound & hopeless, at_label, scores)
        self._note(block, "scores", LABEL_UNMASKED, sound & ~hopeless, at_label, scores)


def _maskable(plan: Plan, constants: Constants) -> Array:
    """Return for which classes −∞ is a mask: all where scores were sent, else by b2 = −∞.

    Any other −∞ among computed scores is an overflow.
    """
    if plan.scores_are_computed and constants.b2 is not None:
        return np.isneginf(constants.b2)
    return np.broadcast_to(not plan.scores_are_computed, plan.n_classes)
