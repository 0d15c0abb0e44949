"""The options of a loss, in PyTorch's words and in ours where it has none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from lossgrad.types.options import EmptyMean, NonfinitePolicy, Reduction

IGNORED: Final = -100
"""The label that PyTorch ignores unless it is told another; of no meaning beside probabilities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossOptions:
    """What is asked of a loss beside its arrays; hashable, compared by value."""

    reduction: Reduction = "mean"
    ignore_index: int = IGNORED
    label_smoothing: float = 0.0
    denominator: float | None = None
    temperature: float = 1.0
    softcap: float | None = None
    z_loss: float = 0.0
    nonfinite: NonfinitePolicy = "error"
    empty_mean: EmptyMean = "zero"
    timeout: float | None = None
    """Seconds that the call may take; None is the client's own."""

    def arguments(self, sent: Collection[str]) -> dict[str, Any]:
        """Return the arguments of `lossgrad.Client.compute` that say so, beside inputs `sent`."""
        named = {name: getattr(self, name) for name in self.__slots__}
        if "labels" not in sent and self.ignore_index == IGNORED:
            del named["ignore_index"]
        return named
