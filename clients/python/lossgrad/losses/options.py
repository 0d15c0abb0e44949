"""The options of a loss, in PyTorch's words and in ours where it has none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Self, TypedDict

from lossgrad.settings import read_timeout
from lossgrad.types.form import raise_if_any
from lossgrad.types.options import EmptyMean, NonfinitePolicy, Reduction, read_options

IGNORED: Final = -100
"""The label that PyTorch ignores unless it is told another; of no meaning beside probabilities."""


class LossSettings(TypedDict, total=False):
    """The options that stay the same from batch to batch; None is the same as leaving one out."""

    reduction: Reduction | None
    ignore_index: int | None
    label_smoothing: float | None
    temperature: float | None
    softcap: float | None
    z_loss: float | None
    nonfinite: NonfinitePolicy | None
    empty_mean: EmptyMean | None
    timeout: float | None


class LossArguments(LossSettings, total=False):
    """All options of a loss as keyword arguments; `LossOptions` has their defaults."""

    denominator: float | None


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

    @classmethod
    def of(cls, arguments: LossArguments) -> Self:
        """Return the options that a caller states.

        Raises
        ------
        TypeError
            For one that there is not.
        """
        given: dict[str, Any] = {n: value for n, value in arguments.items() if value is not None}
        return cls(**given)

    def check(self) -> None:
        """Refuse values that no loss takes, whatever its arrays are.

        Raises
        ------
        InvalidArgument
            With one violation for each option that is wrong.
        """
        if self.timeout is not None:
            read_timeout(self.timeout)
        raise_if_any(read_options(self.arguments(["labels"]))[1])

    def arguments(self, sent: Collection[str]) -> dict[str, Any]:
        """Return the arguments of `lossgrad.Client.compute` that say so, beside inputs `sent`."""
        named = {name: getattr(self, name) for name in self.__slots__}
        if "labels" not in sent and self.ignore_index == IGNORED:
            del named["ignore_index"]
        return named
