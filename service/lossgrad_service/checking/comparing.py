"""Theirs beside ours: CS231n's relative error, with a floor of what arithmetic may lose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Final, Self

import numpy as np

from lossgrad.types import Array
from lossgrad.types.check_parts import (
    MAX_WORST,
    SUSPICIOUS_FROM,
    WRONG_FROM,
    Comparison,
    Entry,
    band_of,
)
from lossgrad_service.checking.arithmetic import Arithmetic
from lossgrad_service.checking.rounding import FEW, Rounding

MARGIN: Final = 4
"""How many times over the errors to first order may be lost and still be good."""

_SAMPLED: Final = 4096
"""About how many entries tell that numbers are far from others, if any do."""


def relative_errors(theirs: Array, ours: Array, floor: Array | float) -> Array:
    """Return |a − b| / max(|a|, |b|, floor) of each entry.

    0 where both are the same, NaN or infinite included; infinite where only one is NaN,
    or infinite.
    """
    scale = np.maximum(np.maximum(np.abs(theirs), np.abs(ours)), np.nan_to_num(floor))
    same = (theirs == ours) | (np.isnan(theirs) & np.isnan(ours))
    errors = np.abs(theirs - ours) / scale
    return np.where(same, 0.0, np.nan_to_num(errors, nan=np.inf, posinf=np.inf))


@dataclass(frozen=True, eq=False)
class Quantity:
    """Numbers of the caller's beside ours."""

    name: str
    sent: Array
    """Theirs as they were sent."""
    expected_shape: tuple[int, ...]
    """That of ours in an answer."""
    theirs: Array
    """Float64; with all rows on one axis, if it has the leading axes."""
    ours: Array
    """The same of ours."""
    floor: Array
    """Below which entries are not told apart, by what computing them loses."""
    size: float
    """The largest of ours, or of what ours are made of where that cancels."""
    arithmetic: Arithmetic
    """What theirs were computed with, the narrowest that they may be."""

    @classmethod
    def of(
        cls, name: str, sent: Array, answer: Array, rounding: Rounding, half: Rounding | None = None
    ) -> Self:
        """Return a quantity.

        Parameters
        ----------
        name
            One of `CHECKABLE`.
        sent
            Theirs.
        answer
            Ours, as an answer has it.
        rounding
            What their arithmetic may lose.
        half
            What it may lose if it was done in 16 bits, where it may have been.
        """
        error = rounding.of(name)
        ours = answer.reshape(error.shape)
        theirs = _with_flat_rows(sent, rounding.batch.leading, answer.shape, ours.shape)
        return cls(
            *(name, sent, answer.shape),
            theirs=theirs.astype(np.float64),
            ours=ours,
            floor=_floor(name, rounding, half),
            size=max(_largest_of(ours), _largest_of(error) / (FEW * rounding.unit)),
            arithmetic=(half or rounding).arithmetic,
        )

    def laid_out(self, sent: Array) -> Self:
        """Return theirs in another layout, that of ours."""
        return replace(self, sent=sent, theirs=sent.astype(np.float64).reshape(self.ours.shape))

    @cached_property
    def error(self) -> float:
        """The largest relative error beside ours."""
        return self.error_beside(self.ours)

    @property
    def is_suspect(self) -> bool:
        """Whether it is to be diagnosed: not good, or wrong if it has 16 bits."""
        return self.error > (WRONG_FROM if self.arithmetic.is_half else SUSPICIOUS_FROM)

    @property
    def is_finite(self) -> bool:
        """Whether theirs and ours are numbers everywhere."""
        return bool(np.isfinite(self.theirs).all() and np.isfinite(self.ours).all())

    def error_beside(self, candidate: Array) -> float:
        """Return the largest relative error beside these numbers; infinite if shapes differ."""
        if self.theirs.shape != candidate.shape:
            return np.inf
        return float(self._errors_beside(candidate).max(initial=0.0))

    def error_of(self, candidate: Array) -> float:
        """Return the largest relative error that numbers in the shape of ours have."""
        floor = self._floor_for(self.ours)
        return float(relative_errors(candidate, self.ours, floor).max(initial=0.0))

    def is_far_from(self, candidate: Array) -> bool:
        """Return whether it is not good beside these numbers, as some entries alone tell."""
        if self.theirs.shape != candidate.shape:
            return True
        sampled = self._errors_beside(candidate, candidate.size // _SAMPLED | 1)
        return bool((sampled > SUSPICIOUS_FROM).any())

    def _errors_beside(self, candidate: Array, step: int = 1) -> Array:
        """Return the error of every entry, or of one in so many, on one axis."""
        taken = (self.theirs, candidate, self._floor_for(candidate))
        theirs, numbers, floor = (each.reshape(-1)[::step] for each in taken)
        return relative_errors(theirs, numbers, floor)

    def _floor_for(self, numbers: Array) -> Array:
        """Return the floor of numbers; what was rounded to 16 bits at last is good beside it."""
        own = self.floor if numbers.shape == self.ours.shape else self.floor.max(initial=0.0)
        floor = np.broadcast_to(self._growth(numbers) * own, numbers.shape)
        if self.sent.dtype.itemsize > 2:
            return floor
        lost = self.arithmetic.unit * np.abs(numbers) + self.arithmetic.underflow
        return np.maximum(floor, lost / SUSPICIOUS_FROM)

    def _growth(self, candidate: Array) -> float:
        """Return how many times more arithmetic loses in larger numbers."""
        return max(1.0, _largest_of(candidate) / self.size) if self.size else 1.0

    def comparison(self) -> Comparison:
        """Return what is told of it."""
        if self.theirs.shape != self.ours.shape:
            return self._told(np.full(self.theirs.shape, np.inf), ())
        errors = self._errors_beside(self.ours)
        return self._told(errors, self._worst(errors))

    def _told(self, errors: Array, worst: tuple[Entry, ...]) -> Comparison:
        has_our_shape = self.theirs.shape == self.ours.shape
        largest = float(errors.max(initial=0.0)) if has_our_shape else np.inf
        return Comparison(
            name=self.name,
            band=band_of(largest),
            max_relative_error=largest,
            n_entries=self.sent.size,
            n_wrong=int((errors > WRONG_FROM).sum()),
            shape=self.sent.shape,
            expected_shape=self.expected_shape,
            worst=worst,
        )

    def _worst(self, errors: Array) -> tuple[Entry, ...]:
        """Return the entries with the largest errors, the first of equal ones first."""
        theirs, ours = self.theirs.reshape(-1), self.ours.reshape(-1)
        return tuple(
            Entry(
                index=tuple(int(i) for i in np.unravel_index(place, self.sent.shape)),
                theirs=float(theirs[place]),
                ours=float(ours[place]),
                relative_error=float(errors[place]),
            )
            for place in _largest(errors)
        )


def _with_flat_rows(
    sent: Array, leading: tuple[int, ...], answer: tuple[int, ...], flat: tuple[int, ...]
) -> Array:
    """Return theirs with all rows on one axis, if they have the leading axes of an answer."""
    if sent.shape == answer:
        return sent.reshape(flat)
    if len(leading) > 1 and sent.shape[: len(leading)] == leading:
        return sent.reshape(prod(leading), *sent.shape[len(leading) :])
    return sent


def _largest_of(numbers: Array) -> float:
    """Return the largest absolute value of those that are finite."""
    largest = max(float(numbers.max(initial=0.0)), -float(numbers.min(initial=0.0)))
    return largest if np.isfinite(largest) else _largest_of(numbers[np.isfinite(numbers)])


def _floor(name: str, rounding: Rounding, half: Rounding | None) -> Array:
    """Return the floor of ours: what arithmetic may lose is good, and not wrong in 16 bits."""
    floor = MARGIN * rounding.of(name) / SUSPICIOUS_FROM
    return floor if half is None else np.maximum(floor, MARGIN * half.of(name) / WRONG_FROM)


def _largest(errors: Array) -> Array:
    n = min(MAX_WORST, errors.size)
    if n == 0:
        return np.zeros(0, np.intp)
    least = np.partition(errors, errors.size - n)[errors.size - n]
    candidates = np.flatnonzero((errors >= least) & (errors > 0))[: errors.size]
    order = np.argsort(-errors[candidates], kind="stable")
    return candidates[order][:n]
