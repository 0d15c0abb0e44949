"""Numbers that are not finite because exponentials were not."""

from __future__ import annotations

import numpy as np

from lossgrad.types import Array
from lossgrad.types.check_parts import Diagnosis
from lossgrad.types.quantities import OUTPUTS
from lossgrad_service.checking.arithmetic import Arithmetic
from lossgrad_service.checking.comparing import Quantity
from lossgrad_service.checking.steps import Steps


def unstable_softmax(quantity: Quantity, right: Steps) -> Diagnosis | None:
    """Return a diagnosis where exponentials that overflowed explain what is not finite."""
    theirs, ours, name = quantity.theirs, quantity.ours, quantity.name
    if theirs.shape != ours.shape:
        return None
    lost = ~np.isfinite(theirs) & np.isfinite(ours)
    explained = _overflowing(right, quantity.arithmetic)
    if name in ("loss", "row_losses"):
        explained = explained | _vanishing(right, quantity.arithmetic)
    has_rows = name in OUTPUTS and OUTPUTS[name].has_rows
    is_explained = not lost[~explained].any() if has_rows else explained.any()
    if not lost.any() or not is_explained:
        return None
    return Diagnosis("unstable_softmax", name, _text(right))


def _overflowing(right: Steps, arithmetic: Arithmetic) -> Array:
    """Return the rows of whose exponentials one is infinite, or all are 0."""
    largest: Array = right.z.max(axis=1)
    return np.isfinite(largest) & ((largest > arithmetic.highest) | (largest < arithmetic.lowest))


def _vanishing(right: Steps, arithmetic: Arithmetic) -> Array:
    """Return the rows with a probability that is 0 in that arithmetic, masks aside."""
    logarithms = np.where(np.isfinite(right.log_probs), right.log_probs, 0.0)
    return np.asarray(logarithms.min(axis=1) < arithmetic.lowest)


def _text(right: Steps) -> str:
    finite = right.z[np.isfinite(right.z)]
    return (
        "It is not finite, since exponentials overflowed or vanished: e^s is infinite from "
        "s = 709.8 in float64, 88.7 in float32 and 11.1 in float16, and the scores go from "
        f"{finite.min():.4g} to {finite.max():.4g}. Subtract each row's maximum first, "
        "s -= s.max(axis=1, keepdims=True), and take the loss as log(sum(exp(s))) - s[y], not "
        "as -log(p[y])."
    )
