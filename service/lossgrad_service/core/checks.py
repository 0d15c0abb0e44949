"""Naming values that have no gradient, run by run (contract: `nonfinite`)."""

from __future__ import annotations

from typing import NamedTuple, cast

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


class Checks(NamedTuple):
    """Looks for what is wrong with rows; a row that does not count is never wrong.

    Only where the kernels met something that may be: looking costs passes over memory.
    """

    plan: Plan
    constants: Constants
    findings: Findings
    """Where it is noted."""

    def check(self, run: Block, first: Array) -> None:
        """Note what is wrong with a run of rows.

        Parameters
        ----------
        run
            The rows.
        first
            k, (n,); looked at with targets only.

        Raises
        ------
        InvalidArgument
            When enough was found to name.
        """
        live = run.weights.live
        if run.targets is not None:
            self._note(run, "targets", NOT_NEGATIVE, live, run.targets < 0, run.targets)
        if self.plan.options.nonfinite != "error":
            return
        sound = self._check_inputs(run, live)
        labels = first if self.plan.has_targets else run.weights.labels
        self._check_scores(run, sound, labels)
        if run.targets is not None:
            masked = (run.targets > 0) & np.isneginf(run.scores)
            self._note(run, "targets", NOT_MASKED, sound, masked, run.targets)

    def _note(
        self, run: Block, field: str, rule: str, rows: Array, wrong: Array, values: Array
    ) -> None:
        self.findings.note(field, rule, wrong & rows[:, None], values, run.start)

    def _check_inputs(self, run: Block, live: Array) -> Array:
        """Note what is not finite before there are scores; return the live rows without it.

        What is computed from a row that is wrong itself is not worth naming.
        """
        sound = live
        hidden_rule = FINITE if run.x is None else _HIDDEN_OVERFLOW
        for field, rule, values in (
            ("targets", FINITE, run.targets),
            ("x", FINITE, run.x),
            ("h1", hidden_rule, run.hidden),
        ):
            if values is not None:
                wrong = ~np.isfinite(values)
                self._note(run, field, rule, sound, wrong, values)
                sound = sound & ~wrong.any(axis=1)
        return sound

    def _check_scores(self, run: Block, sound: Array, labels: Array) -> None:
        """Note each score that is wrong, by the rule that it breaks.

        With targets, `labels` are classes of the largest score.
        """
        scores = run.scores
        masked = np.isneginf(scores) & _maskable(self.plan, self.constants)
        rule = _SCORES_OVERFLOW if self.plan.scores_are_computed else FINITE
        self._note(run, "scores", rule, sound, ~np.isfinite(scores) & ~masked, scores)
        hopeless = masked.all(axis=1)
        at_label = np.zeros(scores.shape, bool)
        at_label[np.arange(len(labels)), labels] = True
        at_label &= masked
        self._note(run, "scores", ONE_UNMASKED, sound & hopeless, at_label, scores)
        self._note(run, "scores", LABEL_UNMASKED, sound & ~hopeless, at_label, scores)


def _maskable(plan: Plan, constants: Constants) -> Array:
    """Return for which classes −∞ is a mask: all where scores were sent, else by b2 = −∞.

    Any other −∞ among computed scores is an overflow.
    """
    if plan.scores_are_computed:
        return np.isneginf(cast(Array, constants.b2))
    return np.ones(plan.n_classes, bool)
