"""The computation, fed block by block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lossgrad.types import Array, Problem
from lossgrad_service.core.backward import Backward
from lossgrad_service.core.block import Block
from lossgrad_service.core.checks import Checks
from lossgrad_service.core.constants import Constants
from lossgrad_service.core.losses import Losses
from lossgrad_service.core.outputs import RowOutputs
from lossgrad_service.core.plan import Plan
from lossgrad_service.core.silence import silence
from lossgrad_service.core.weights import Denominator
from lossgrad_service.kernels import tiles
from lossgrad_service.kernels.scores import first_maximum


class Accumulator:
    """Takes the rows of a problem in order and adds up its loss and gradients.

    Each block but the last must have `plan.block_rows` rows: then sums have the same
    bits however the rows arrived.

    Parameters
    ----------
    problem, plan
        The problem, of which only the inputs without rows are read, and its plan.
    denominator
        What the loss is divided by; the gradients of the first row need it already.
    """

    def __init__(self, problem: Problem, plan: Plan, denominator: Denominator) -> None:
        self._problem = problem
        self._plan = plan
        self._denominator = denominator
        self._constants = Constants.of(problem, plan)
        self._checks = Checks(plan, self._constants)
        self._losses = Losses(plan, self._constants.class_weights, denominator)
        self._backward = Backward(problem, plan, self._constants)
        self._n_rows = self._n_ignored = self._n_live = self._n_correct = 0
        self._data = self._z = 0.0

    def feed(self, rows: Mapping[str, Array], views: Mapping[str, Array]) -> None:
        """Take in one block.

        Parameters
        ----------
        rows
            The inputs with rows, by name, each (n, …), as they were sent.
        views
            The wanted outputs with rows, each (n, …), which are written.

        Raises
        ------
        InvalidArgument
            For values that have no gradient, when enough are found to name.
        """
        block = Block.of(self._plan, self._constants, self._denominator, self._n_rows, rows)
        out = RowOutputs(views, self._plan.row_dtype)
        gradient = out.matrix("dscores", block.scores.shape) if self._plan.needs_gradient else None
        for span in tiles.spans(len(block.scores), self._plan.run_rows):
            self._run(block.at(span), out.at(span), None if gradient is None else gradient[span])
        self._n_rows += len(block.scores)
        self._n_ignored += int(np.count_nonzero(block.weights.ignored))
        if gradient is not None:
            out.put("dscores", gradient)
            self._backward.add(block, gradient, out)

    def _run(self, block: Block, out: RowOutputs, gradient: Array | None) -> None:
        """Do the row arithmetic of a run of rows and write their dScores, in the row dtype."""
        first, maximum = first_maximum(block.scores)
        self._checks.check(block, first, maximum)
        out.put_numbers("predictions", first)
        self._count(block, first)
        result = self._losses.of(block, first, maximum, out)
        losses = np.where(block.weights.live, result.losses, 0.0)
        out.put_numbers("row_losses", losses)
        self._data += float(losses.sum())
        if result.z_terms is not None:
            self._z += float(np.where(block.weights.live, result.z_terms, 0.0).sum())
        if gradient is not None and result.gradient is not None:
            np.copyto(gradient, result.gradient, casting="same_kind")
            silence(gradient, block.counted)

    def _count(self, block: Block, first: Array) -> None:
        weights = block.weights
        self._n_live += int(np.count_nonzero(weights.live))
        if "accuracy" in self._plan.want:
            self._n_correct += int(np.count_nonzero((first == weights.labels) & weights.live))

    def finish(self) -> dict[str, Any]:
        """Return the scalars, and the sums that are wanted in float64.

        Raises
        ------
        InvalidArgument
            For values that have no gradient.
        """
        self._checks.finish()
        data = self._denominator.divide(self._data)
        alpha = self._plan.options.z_loss
        z_loss = self._denominator.divide(alpha * self._z) if alpha > 0 else 0.0
        penalty = self._constants.penalty
        scalars: dict[str, Any] = {
            "loss": data + z_loss + penalty,
            "data_loss": data,
            "reg_loss": penalty,
            "z_loss": z_loss,
            "denominator": self._denominator.reported,
            "n_rows": self._n_rows,
            "n_ignored": self._n_ignored,
        }
        if "accuracy" in self._plan.want:
            scalars["accuracy"] = self._n_correct / self._n_live if self._n_live else float("nan")
        return scalars | self._backward.finish(self._problem)
