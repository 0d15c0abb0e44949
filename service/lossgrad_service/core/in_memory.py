"""The computation of a whole problem that is in memory."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from lossgrad.types import Array, Problem, Result, dtypes
from lossgrad.types.quantities import INPUTS, OUTPUTS
from lossgrad_service.core.accumulator import Accumulator
from lossgrad_service.core.plan import Plan
from lossgrad_service.core.rows import read_rows
from lossgrad_service.core.weights import Denominator, RowWeights, own_denominator
from lossgrad_service.kernels.matrices.blas import one_thread
from lossgrad_service.kernels.matrices.tiles import spans
from lossgrad_service.kernels.parallel import available_cores


def compute(problem: Problem, threads: int | None = None) -> Result:
    """Return the loss of a problem and the outputs that it wants.

    At most `threads` threads work on it, as many as there are cores if None; the result
    has the same bits whatever their number.

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
    with np.errstate(all="ignore"), one_thread():
        outputs = _outputs(problem, threads or available_cores())
    return Result(outputs, {"compute": perf_counter() - started})


def _outputs(problem: Problem, threads: int) -> dict[str, Any]:
    plan = Plan.of(problem, threads)
    denominator = Denominator.of(problem, lambda: _own_denominator(problem))
    accumulator = Accumulator(problem, plan, denominator)
    arrays = {
        name: np.empty(problem.shape_of(name), dtypes.to_numpy(problem.dtype_of(name)))
        for name in problem.want
        if name in OUTPUTS and OUTPUTS[name].has_rows
    }
    inputs = _inputs_with_rows(problem)
    flat = {name: array.reshape(_flat_shape(problem, name)) for name, array in arrays.items()}
    for span in spans(problem.n_rows, plan.block_rows):
        rows = {name: _read(name, array, span) for name, array in inputs.items()}
        accumulator.feed(rows, {name: array[span] for name, array in flat.items()})
    return {name: _finished(problem, name, v) for name, v in accumulator.finish().items()} | arrays


def _own_denominator(problem: Problem) -> float:
    inputs = _inputs_with_rows(problem)
    sent = {name: inputs[name] for name in ("labels", "sample_weights") if name in inputs}
    with_labels = problem.class_weights if problem.labels is not None else None

    def read(span: slice) -> RowWeights:
        rows = {name: _read(name, array, span) for name, array in sent.items()}
        return RowWeights.read(
            span.stop - span.start,
            rows.get("labels"),
            rows.get("sample_weights"),
            problem.options.ignore_index,
        )

    classes = None if with_labels is None else with_labels.astype(np.float64)
    return own_denominator(read, problem.n_rows, classes)


def _inputs_with_rows(problem: Problem) -> dict[str, Array]:
    return {name: array for name, array in problem.inputs.items() if INPUTS[name].has_rows}


def _read(name: str, array: Array, span: slice) -> Array:
    return read_rows(array, span, vectors=len(INPUTS[name].axes) > 1)


def _flat_shape(problem: Problem, name: str) -> tuple[int, ...]:
    return (problem.n_rows, *problem.shape_of(name)[len(problem.leading) :])


def _finished(problem: Problem, name: str, value: Any) -> Any:
    """Return a scalar as it is and a sum in the dtype of the answer, rounded once."""
    if name not in OUTPUTS:
        return value
    return value.astype(dtypes.to_numpy(problem.dtype_of(name)), copy=False)
