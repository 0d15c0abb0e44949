"""The forward pass of a block: from x or h1 to the scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Self, cast

from lossgrad.types import Array
from lossgrad_service.core.constants import Constants
from lossgrad_service.core.plan import Plan
from lossgrad_service.core.rows import ready
from lossgrad_service.kernels.arrays import frozen
from lossgrad_service.kernels.matrices.linear import affine, are_finite, relu


class Layers(NamedTuple):
    """What a block's rows hold before the loss; None where nothing needs it."""

    x: Array | None
    """(n, P), row dtype."""
    hidden: Array | None
    """h1, (n, D), row dtype."""
    scores: Array
    """s, (n, C): row dtype where they were computed, else as they were sent."""
    sound: bool
    """Whether all of these that were computed, and what they were made of, is finite.

    What is not finite in an input shows in what is computed from it; only where
    nothing is, its entries are looked at.
    """

    @classmethod
    def of(cls, plan: Plan, constants: Constants, rows: Mapping[str, Array]) -> Self:
        """Return the layers of a block of inputs, each (n, …), as they were sent."""
        if not plan.needs_hidden:
            return cls(None, None, rows["scores"], True)
        x, hidden, hidden_is_sound = _hidden(plan, constants, rows)
        if not plan.scores_are_computed:
            return cls(x, hidden, rows["scores"], hidden_is_sound)
        scores, sound = _affine(plan, hidden, constants.w2, constants.b2)
        return cls(x, hidden, frozen(scores), hidden_is_sound and sound)


def _hidden(
    plan: Plan, constants: Constants, rows: Mapping[str, Array]
) -> tuple[Array | None, Array, bool]:
    """Return x where it was sent, h1, and whether what is computed from them is."""
    if plan.hidden_is_computed:
        x = ready(rows["x"], plan.row_dtype)
        pre_activations, sound = _affine(plan, x, constants.w1, constants.b1)
        return x, frozen(relu(pre_activations)), sound
    hidden = ready(rows["h1"], plan.row_dtype)
    return None, hidden, plan.scores_are_computed or bool(are_finite(hidden))


def _affine(
    plan: Plan, inputs: Array, weights: Array | None, bias: Array | None
) -> tuple[Array, bool]:
    return affine(inputs, cast(Array, weights), cast(Array, bias), plan.run_rows, plan.threads)
