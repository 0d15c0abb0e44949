"""One block of rows with its forward pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lossgrad.types import Array
from lossgrad.types.denominator import Denominator
from lossgrad_service.core.constants import Constants
from lossgrad_service.core.layers import Layers
from lossgrad_service.core.plan import Plan
from lossgrad_service.core.rows import every
from lossgrad_service.core.weights import RowWeights


class Block(NamedTuple):
    """The rows of one block; arrays that nothing needs are None. None may be written to."""

    start: int
    """Flattened index of the first row."""
    weights: RowWeights
    counted: Array
    """Which rows have a gradient, (n,), bool: the live ones, none if an empty mean is 0."""
    scores: Array
    """s, (n, C): row dtype where they were computed, else as they were sent."""
    hidden: Array | None
    """h1, (n, D), row dtype."""
    x: Array | None
    """(n, P), row dtype."""
    targets: Array | None
    """t, (n, C), as they were sent."""
    sound: bool
    """Whether all that was computed before the loss is finite, and so what it was made of."""

    @classmethod
    def of(
        cls,
        plan: Plan,
        constants: Constants,
        denominator: Denominator,
        start: int,
        rows: Mapping[str, Array],
    ) -> Block:
        """Return the block of the inputs `rows`, each (n, …), as they were sent."""
        n_rows = len(rows["targets"] if plan.has_targets else rows["labels"])
        weights = RowWeights.read(
            n_rows, rows.get("labels"), rows.get("sample_weights"), plan.options.ignore_index
        )
        layers = Layers.of(plan, constants, rows)
        return cls(
            start=start,
            weights=weights,
            counted=every(False, n_rows) if denominator.zeroes else weights.live,
            scores=layers.scores,
            hidden=layers.hidden,
            x=layers.x,
            targets=rows["targets"] if plan.has_targets else None,
            sound=layers.sound,
        )

    def at(self, span: slice) -> Block:
        """Return some rows of this block."""
        return Block(
            start=self.start + span.start,
            weights=self.weights.at(span),
            counted=self.counted[span],
            scores=self.scores[span],
            hidden=_rows(self.hidden, span),
            x=_rows(self.x, span),
            targets=_rows(self.targets, span),
            sound=self.sound,
        )


def _rows(array: Array | None, span: slice) -> Array | None:
    return None if array is None else array[span]
