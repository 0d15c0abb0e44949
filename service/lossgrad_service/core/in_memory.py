"""The computation of a whole problem that is in memory."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from lossgrad.types import Array, Problem, Result
from lossgrad_service.core.accumulator import Accumulator
from lossgrad_service.core.computing import always_wanted, computed
from lossgrad_service.core.cost import is_quick
from lossgrad_service.core.inputs import rows_of
from lossgrad_service.cores import available_cores
from lossgrad_service.kernels.matrices.tiles import spans
from lossgrad_service.kernels.wanted import while_wanted


def compute(
    problem: Problem, threads: int | None = None, checkpoint: Callable[[], None] = always_wanted
) -> Result:
    """Return the loss of a problem and the outputs that it wants.

    At most `threads` threads work on it, as many as there are cores if None, unless it is
    quick; the result has the same bits whatever their number. `checkpoint` is called first
    and between parts that take some milliseconds each, by any of the threads; what it
    raises ends the computation.

    The inputs are read only. Memory beyond them and the outputs: a few blocks of
    rows, float64 sums for dW2 and dW1, and copies of weights that are not
    C-contiguous in the row dtype.

    Raises
    ------
    InvalidArgument
        Where values are not finite and `nonfinite` is "error", where targets are
        negative, and where a mean is empty and `empty_mean` is "error".
    """
    started = perf_counter()
    outputs = computed(checkpoint, _outputs, problem, threads or _threads_for(problem))
    return Result(outputs, {"compute": perf_counter() - started})


def _threads_for(problem: Problem) -> int:
    return 1 if is_quick(problem) else available_cores()


def _outputs(problem: Problem, threads: int) -> dict[str, Any]:
    accumulator = Accumulator.of(problem, threads)
    plan = accumulator.plan
    arrays = {name: np.empty(shape, dtype) for name, shape, dtype in plan.row_outputs}
    inputs = {name: problem.inputs[name] for name in plan.row_inputs}
    for span in while_wanted(spans(problem.n_rows, plan.block_rows)):
        views = {name: _flat(array, problem)[span] for name, array in arrays.items()}
        accumulator.feed(rows_of(inputs, span), views)
    return accumulator.finish() | arrays


def _flat(array: Array, problem: Problem) -> Array:
    """Return an array with its leading axes as one."""
    if len(problem.leading) == 1:
        return array
    return array.reshape(problem.n_rows, *array.shape[len(problem.leading) :])
