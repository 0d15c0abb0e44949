"""Errors of row losses and of dScores, in units of what contract §5 allows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from mpmath import mpf

from lossgrad.types import Problem
from lossgrad_service.core import compute
from tests import exact
from tests.exact import in_bounds, one_hot

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
quick = settings(max_examples=60)

SOFT = "label_smoothing", "z_loss"


def worst_error(scores, targets, *, entries=None, **options):
    """Return the worst error of a batch in units of the bound.

    `targets` are labels or rows of them; of long rows only some entries are looked at.
    """
    result = compute(Problem.of(problem_of(scores, targets, options)))
    is_hard = np.ndim(targets) == 1 and not any(options.get(name) for name in SOFT)
    divisors = options.get("denominator", 1.0), options.get("temperature", 1.0)
    errors = []
    for i, row in enumerate(np.asarray(scores)):
        target = one_hot(targets[i], len(row)) if np.ndim(targets) == 1 else targets[i]
        true = exact.row(row.tolist(), target, **options_of_row(i, options))
        checked = range(len(row)) if entries is None else entries
        errors.append(loss_error(result.row_losses[i], true, row.dtype))
        errors += gradient_errors(result.dscores[i], true, is_hard, checked, *divisors)
    return max(errors)


def problem_of(scores, targets, options):
    goal = "labels" if np.ndim(targets) == 1 else "targets"
    reduction = "mean" if "denominator" in options else "sum"
    want = ["row_losses", "dscores"]
    return {"scores": scores, goal: targets, "reduction": reduction, "want": want} | options


def options_of_row(i, options):
    """Return what `exact.row` takes of a problem's options."""
    others = ("sample_weights", "denominator")
    row = {name: value for name, value in options.items() if name not in others}
    if "sample_weights" in options:
        row["sample_weight"] = float(options["sample_weights"][i])
    return row


def loss_error(actual, true, dtype):
    return in_bounds(actual, true.loss, abs(true.loss), true, dtype, true.factor)


def gradient_errors(actual, true, is_hard, entries, denominator, temperature):
    """Yield the errors of some entries: relative for hard labels, else scaled."""
    divisor, largest = mpf(denominator), mpf(float(np.finfo(actual.dtype).max))
    factor = true.factor / abs(divisor) / mpf(temperature)
    for j in entries:
        value = true.dscores[j] / divisor
        if abs(value) > largest:
            yield 0.0 if actual[j] == np.copysign(np.inf, float(value)) else np.inf
        else:
            scale = abs(value) if is_hard else true.scale_at(j, 0.0) / abs(divisor)
            yield in_bounds(actual[j], value, scale, true, actual.dtype, factor)
