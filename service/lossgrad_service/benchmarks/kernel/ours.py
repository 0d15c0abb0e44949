"""Our own ways: the kernel with nothing around it, and the whole of a call without a wire."""

from __future__ import annotations

import numpy as np

from lossgrad.types import Array, Problem
from lossgrad_service import core
from lossgrad_service.benchmarks.kernel.problems import Answer, Head, Scores, Way
from lossgrad_service.core.softmax_rows import SoftmaxRows
from lossgrad_service.kernels.arrays import frozen
from lossgrad_service.kernels.matrices import tiles
from lossgrad_service.kernels.parallel import in_parallel
from lossgrad_service.kernels.rows import softmax
from lossgrad_service.kernels.rows.partition import Scratch
from lossgrad_service.kernels.rows.scores import Scaling

_PLAIN = Scaling.of(temperature=1.0, softcap=None)


def kernel(problem: Scores, threads: int) -> Way:
    """Return the way to the loss and dScores that writes into an array that is there already."""
    gradient = np.empty_like(problem.scores)
    return lambda: Answer(_mean_loss(problem, gradient, threads), (gradient,))


def _mean_loss(problem: Scores, gradient: Array, threads: int) -> float:
    """Return L and write dScores."""
    n_rows, n_classes = problem.scores.shape
    out, gap = SoftmaxRows.empty(n_rows), np.zeros(n_rows)
    every, weight = frozen(np.ones(n_rows, bool)), frozen(np.ones(n_rows))

    def compute(run: slice) -> None:
        softmax.label_rows(
            problem.scores[run],
            problem.labels[run],
            every[run],
            every[run],
            weight[run],
            float(n_rows),
            1.0,
            _PLAIN,
            out.first[run],
            out.maximum[run],
            out.rest[run],
            gap[run],
            Scratch.of(problem.scores),
            gradient[run],
        )

    in_parallel(compute, tiles.spans(n_rows, tiles.rows_per_run(n_classes)), threads)
    losses, _ = softmax.label_losses(out.rest, gap, weight, every)
    return float(losses.mean())


def whole_call_of_scores(problem: Scores, threads: int) -> Way:
    """Return the way to the loss and dScores that `local:` goes: checks and new arrays included."""
    return _whole_call(problem._asdict(), ("dscores",), threads)


def whole_call_of_head(problem: Head, threads: int) -> Way:
    """Return the same way to the loss, dW2, db2 and dH1."""
    return _whole_call(problem._asdict(), ("dw2", "db2", "dh1"), threads)


def _whole_call(arguments: dict[str, Array], gradients: tuple[str, ...], threads: int) -> Way:
    def answer() -> Answer:
        result = core.compute(Problem.of({**arguments, "want": gradients}), threads)
        return Answer(result.loss, tuple(getattr(result, name) for name in gradients))

    return answer
