"""The contract's words and the numbers that protobuf gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf.descriptor import EnumDescriptor

from lossgrad.v1 import lossgrad_pb2 as pb


@dataclass(frozen=True, slots=True)
class Words:
    """One enum, read both ways; its number 0 stands for no word."""

    numbers: Mapping[str, int]
    names: Mapping[int, str]

    @classmethod
    def of(cls, enum: EnumDescriptor) -> Words:
        """Return the words of an enum: its value names in lower case, without their prefix."""
        prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
        numbers = {v.name.removeprefix(prefix).lower(): v.number for v in enum.values if v.number}
        return cls(numbers, {number: name for name, number in numbers.items()})

    def refusal(self, number: int) -> str:
        """Return what to say of a number that is no word."""
        known = ", ".join(f"{name} ({known})" for name, known in self.numbers.items())
        return f"is the number {number}, which is none of {known}"


DTYPES: Final = Words.of(pb.Dtype.DESCRIPTOR)
INPUTS: Final = Words.of(pb.Input.DESCRIPTOR)
OUTPUTS: Final = Words.of(pb.Output.DESCRIPTOR)
LOSSES: Final = Words.of(pb.Loss.DESCRIPTOR)
BANDS: Final = Words.of(pb.Band.DESCRIPTOR)

OPTIONS: Final[Mapping[str, Words]] = {
    "loss": LOSSES,
    "reduction": Words.of(pb.Reduction.DESCRIPTOR),
    "reg_convention": Words.of(pb.RegConvention.DESCRIPTOR),
    "nonfinite": Words.of(pb.NonfinitePolicy.DESCRIPTOR),
    "empty_mean": Words.of(pb.EmptyMean.DESCRIPTOR),
    "gradient_dtype": DTYPES,
}
"""Options that travel as one number of an enum."""
