"""The arrays that all rows share, made ready once."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from lossgrad.types import Array, Problem
from lossgrad_service.core.findings import FINITE_WEIGHTS, Findings
from lossgrad_service.core.parts import parts_of, ready_in_parts
from lossgrad_service.core.plan import Plan
from lossgrad_service.core.rows import every, ready
from lossgrad_service.kernels.matrices.linear import sum_of_squares
from lossgrad_service.kernels.wanted import while_wanted


class Constants(NamedTuple):
    """Weights in the row dtype and one layout, as the kernels take them; None if not used.

    Where a layer is used, its bias is 0 if none was sent.
    """

    w2: Array | None
    b2: Array | None
    w1: Array | None
    b1: Array | None
    class_weights: Array | None
    """c, (C,), float64; None is 1 everywhere, but for the general form, which takes its ones."""
    penalty: float
    """R."""

    @classmethod
    def of(cls, problem: Problem, plan: Plan) -> Self:
        """Return the constants of a problem.

        Raises
        ------
        InvalidArgument
            Where a weight that takes part is not finite and `nonfinite` is "error".
        """
        class_weights = _class_weights(problem, plan)
        if not plan.layer_inputs:
            return cls(None, None, None, None, class_weights, 0.0)
        used = {name: problem.inputs[name] for name in plan.layer_inputs}
        if plan.options.nonfinite == "error":
            _check(used)
        w2, b2 = _layer(used.get("w2"), used.get("b2"), plan.row_dtype)
        w1, b1 = _layer(used.get("w1"), used.get("b1"), plan.row_dtype)
        return cls(
            *(w2, b2, w1, b1),
            class_weights=class_weights,
            penalty=_penalty(problem, plan),
        )


def _layer(
    weights: Array | None, bias: Array | None, dtype: np.dtype[Any]
) -> tuple[Array | None, Array | None]:
    """Return W and b made ready; a bias that was not sent is 0."""
    if weights is None:
        return None, None
    zeros = np.zeros(weights.shape[1], dtype)
    return ready_in_parts(weights, dtype), ready(zeros if bias is None else bias, dtype)


def _class_weights(problem: Problem, plan: Plan) -> Array | None:
    if problem.class_weights is not None:
        return ready(problem.class_weights, np.dtype(np.float64))
    return every(1.0, plan.n_classes) if plan.is_soft else None


def _penalty(problem: Problem, plan: Plan) -> float:
    """Return R = reg·½·(ΣW1² + ΣW2²), or without the ½ in the convention "full"."""
    if plan.options.reg == 0:
        return 0.0
    half = 0.5 if plan.options.reg_convention == "half" else 1.0
    sent = [array for array in (problem.w1, problem.w2) if array is not None]
    return plan.options.reg * half * sum(sum_of_squares(w) for w in sent)


def _check(used: dict[str, Array]) -> None:
    findings = Findings()
    for name, array in used.items():
        for span in while_wanted(parts_of(array)):
            part = array[span]
            bad = ~np.isfinite(part)
            if name == "b2":  # −∞ masks its class
                bad &= part != -np.inf
            findings.note(name, FINITE_WEIGHTS, bad, part, span.start)
    findings.raise_if_any()
