"""The computation of a problem whose rows arrive in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lossgrad.types import Array, Problem
from lossgrad_service.core.accumulator import Accumulator
from lossgrad_service.core.computing import always_wanted, computed
from lossgrad_service.core.cost import is_quick_by_runs
from lossgrad_service.core.gathering import Gatherer, Rows, n_rows_of
from lossgrad_service.core.inputs import row_parameters, rows_of
from lossgrad_service.cores import available_cores


class RowStream:
    """Takes the rows of a problem in order, in pieces of any size.

    The result has the same bits as that of `compute`. Memory: the parameters, float64 sums
    for dW2 and dW1, and some rows.

    Parameters
    ----------
    problem
        Its scores, targets, h1 and x are declared only: their entries are not read.
    threads
        How many threads work on it at most; None: as many as there are cores.
    checkpoint
        Called whenever something is computed, and between its parts, by any of the
        threads; what it raises ends the stream.

    Raises
    ------
    InvalidArgument
        As `compute`, as soon as enough rows are known.
    """

    def __init__(
        self,
        problem: Problem,
        threads: int | None = None,
        checkpoint: Callable[[], None] = always_wanted,
    ) -> None:
        self._checkpoint = checkpoint
        most_threads = threads or available_cores()
        self._accumulator = computed(checkpoint, Accumulator.of, problem, most_threads)
        plan = self._accumulator.plan
        self._parameters = row_parameters(problem)
        self.is_quick = is_quick_by_runs(problem, plan.fed_rows)
        """Whether each block is computed in a millisecond or so."""
        self._gatherer = Gatherer(problem.n_rows, plan.fed_rows)
        self._plan = plan
        self._n_computed = 0

    @property
    def step(self) -> int:
        """A power of two of rows: blocks have a multiple of it, but for the last."""
        return self._plan.fed_rows

    def blocks(self, rows: Rows) -> Iterator[Rows]:
        """Yield the blocks that some more rows complete, each to be computed before the next.

        Parameters
        ----------
        rows
            The next rows of those of scores, targets, h1 and x that were sent, each (n, …).
        """
        plan = self._plan
        return self._gatherer.take(rows, plan.fed_rows if self.is_quick else plan.block_rows)

    def large_blocks(self, rows: Rows) -> Iterator[Rows]:
        """Yield the same as blocks that all threads work on, however quick they are."""
        return self._gatherer.take(rows, self._plan.block_rows)

    def compute(self, block: Rows, outputs: Mapping[str, Array]) -> None:
        """Take in a block.

        Parameters
        ----------
        block
            From `blocks`.
        outputs
            The wanted outputs with rows, each (n, …), which are written.
        """
        start, n_rows = self._n_computed, n_rows_of(block)
        rows = {**rows_of(self._parameters, slice(start, start + n_rows)), **block}
        computed(self._checkpoint, self._accumulator.feed, rows, outputs)
        self._n_computed += n_rows

    def finish(self) -> dict[str, Any]:
        """Return the scalars and the wanted outputs without rows."""
        return computed(self._checkpoint, self._accumulator.finish)
