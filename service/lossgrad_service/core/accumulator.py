"""The computation, fed block by block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeAlias

import numpy as np

from lossgrad.types import Array, Problem
from lossgrad.types.denominator import Denominator
from lossgrad_service.core.backward import Backward
from lossgrad_service.core.block import Block
from lossgrad_service.core.checks import Checks
from lossgrad_service.core.constants import Constants
from lossgrad_service.core.findings import Findings
from lossgrad_service.core.losses import losses_of
from lossgrad_service.core.outputs import RowOutputs
from lossgrad_service.core.plan import Plan
from lossgrad_service.core.row_losses import LossContext, RowLosses
from lossgrad_service.kernels.matrices import tiles
from lossgrad_service.kernels.parallel import in_parallel
from lossgrad_service.kernels.wanted import while_wanted

Run: TypeAlias = tuple[Block, RowOutputs, Array | None]
"""Some rows of a block, where their outputs go, and their dScores where more is made of it."""


class Accumulator:
    """Takes the rows of a problem in order and adds up its loss and gradients.

    Each block but the last must have a multiple of `plan.fed_rows` rows: then sums have
    the same bits however the rows arrived.

    Parameters
    ----------
    problem, plan
        The problem, of which only the inputs without rows are read, and its plan.
    denominator
        What the loss is divided by; the gradients of the first row need it already.
    """

    def __init__(self, problem: Problem, plan: Plan, denominator: Denominator) -> None:
        self.plan = plan
        self._problem = problem
        self._denominator = denominator
        self._constants = Constants.of(problem, plan)
        self._findings = Findings()
        self._context = LossContext(plan, self._constants.class_weights, denominator.divisor)
        self._backward = Backward(plan, self._constants)
        self._n_rows = self._n_ignored = self._n_live = self._n_correct = 0
        self._data = self._z = 0.0

    @classmethod
    def of(cls, problem: Problem, threads: int) -> Self:
        """Return an accumulator for a problem that this many threads may work on."""
        return cls(problem, Plan.of(problem, threads), Denominator.of(problem, while_wanted))

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
        plan = self.plan
        block = Block.of(plan, self._constants, self._denominator, self._n_rows, rows)
        out = RowOutputs(views, plan.row_dtype)
        n_rows = len(block.counted)
        gradient = out.matrix("dscores", (n_rows, plan.n_classes)) if plan.has_sums else None

        runs = _runs(block, out, gradient, plan.run_rows)
        results = in_parallel(self._losses_of, runs, plan.threads)
        for run, result in zip(runs, results, strict=True):
            self._take(run[0], result)
        self._n_rows += n_rows
        self._n_ignored += int(np.count_nonzero(block.weights.ignored))
        if gradient is not None:
            self._backward.add(block, gradient, out)

    def _losses_of(self, run: Run) -> RowLosses:
        parts = _runs(*run, self.plan.part_rows)
        if len(parts) == 1:
            return losses_of(self._context, *run)
        return RowLosses.joined([losses_of(self._context, *part) for part in while_wanted(parts)])

    def _take(self, run: Block, result: RowLosses) -> None:
        """Add up what the rows of a run gave, which always happens in their order."""
        if not (run.sound and result.sound):
            Checks(self.plan, self._constants, self._findings).check(run, result.first)
        self._data += float(np.add.reduce(result.losses))
        if result.z_terms is not None:
            self._z += float(np.add.reduce(result.z_terms))
        if "accuracy" in self.plan.want:
            live = run.weights.live
            self._n_live += int(np.count_nonzero(live))
            self._n_correct += int(np.count_nonzero((result.first == run.weights.labels) & live))

    def finish(self) -> dict[str, Any]:
        """Return the scalars, and the wanted sums in the dtypes of the answer, rounded once.

        Raises
        ------
        InvalidArgument
            For values that have no gradient.
        """
        self._findings.raise_if_any()
        data = self._denominator.divide(self._data)
        alpha = self.plan.options.z_loss
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
        if "accuracy" in self.plan.want:
            scalars["accuracy"] = self._n_correct / self._n_live if self._n_live else float("nan")
        return scalars | self._backward.finish(self._problem)


def _runs(block: Block, out: RowOutputs, gradient: Array | None, run_rows: int) -> list[Run]:
    """Return the runs of a block, or the parts of a run, in their order."""
    n_rows = len(block.counted)
    if n_rows <= run_rows:
        return [(block, out, gradient)]
    return [
        (block.at(span), out.at(span), None if gradient is None else gradient[span])
        for span in tiles.spans(n_rows, run_rows)
    ]
