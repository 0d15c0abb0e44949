"""Theirs beside ours: CS231n's relative error, with a floor of what arithmetic may lose."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Final, Self

import numpy as np

from lossgrad.types import Array, Problem
from lossgrad.types.check import (
    MAX_WORST,
    SUSPICIOUS_FROM,
    WRONG_FROM,
    Comparison,
    Entry,
    band_of,
)
from lossgrad_service.checking.rounding import UNITS, Rounding

MARGIN: Final = 4
"""How many times over the errors to first order may be lost and still be good."""

_HALVES: Final = {True: (2.0**-11, 2.0**-25), False: (2.0**-8, 2.0**-134)}
"""What rounding to float16, or else to bfloat16, loses: relatively, and of small numbers."""

_COMPUTED_WITH: Final = ("scores", "h1", "w2", "b2", "x", "w1", "b1")


def relative_errors(theirs: Array, ours: Array, floor: Array) -> Array:
    """Return |a − b| / max(|a|, |b|, floor) of each entry.

    0 where both are the same, NaN or infinite included; infinite where only one is NaN,
    or infinite.
    """
    scale = np.maximum(np.maximum(np.abs(theirs), np.abs(ours)), np.nan_to_num(floor))
    same = (theirs == ours) | (np.isnan(theirs) & np.isnan(ours))
    errors = np.abs(theirs - ours) / scale
    return np.where(same, 0.0, np.nan_to_num(errors, nan=np.inf, posinf=np.inf))


def unit_of(theirs: Array, problem: Problem) -> float:
    """Return the unit that the caller computed with, as far as can be told.

    Half precision is taken for float32 that was rounded once. Numbers that came as float64
    and are all float32's were computed so.
    """
    inputs = [problem.inputs[name] for name in _COMPUTED_WITH if name in problem.inputs]
    is_wide = all(array.dtype.itemsize == 8 for array in (theirs, *inputs))
    return UNITS[8 if is_wide and not _is_single(theirs) else 4]


def _is_single(theirs: Array) -> bool:
    finite = theirs[np.isfinite(theirs) & (theirs != 0)]
    return bool(finite.size) and bool((finite.astype(np.float32) == finite).all())


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
    """Below which entries are not told apart."""
    unit: float
    """Of the arithmetic that theirs were computed with."""

    @classmethod
    def of(cls, name: str, sent: Array, answer: Array, rounding: Rounding) -> Self:
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
        """
        error = rounding.of(name)
        ours = answer.reshape(error.shape)
        theirs = _with_flat_rows(sent, rounding.batch.leading, answer.shape, ours.shape)
        return cls(
            *(name, sent, answer.shape),
            theirs=theirs.astype(np.float64),
            ours=ours,
            floor=_floor(sent, ours, error),
            unit=rounding.unit,
        )

    def error_beside(self, candidate: Array) -> float:
        """Return the largest relative error beside these numbers; infinite if shapes differ."""
        if self.theirs.shape != candidate.shape:
            return np.inf
        return float(self._errors_beside(candidate).max(initial=0.0))

    def _errors_beside(self, candidate: Array) -> Array:
        return relative_errors(self.theirs, candidate, self._floor_for(candidate))

    def _floor_for(self, candidate: Array) -> Array:
        """Return the floor of other numbers: what arithmetic loses grows with them."""
        size = _largest_of(self.ours)
        growth = max(1.0, _largest_of(candidate) / size) if size else 1.0
        has_our_shape = candidate.shape == self.ours.shape
        return growth * (self.floor if has_our_shape else self.floor.max(initial=0.0))

    def comparison(self) -> Comparison:
        """Return what is told of it."""
        if self.theirs.shape != self.ours.shape:
            return self._told(np.full(self.theirs.shape, np.inf), ())
        errors = self._errors_beside(self.ours)
        return self._told(errors, self._worst(errors.reshape(-1)))

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
    return float(np.abs(numbers).max(initial=0.0, where=np.isfinite(numbers)))


def _floor(theirs: Array, ours: Array, error: Array) -> Array:
    """Return the floor of numbers of which arithmetic may lose `error`: such a loss is good."""
    lost = MARGIN * error
    if theirs.dtype.itemsize == 2:
        unit, smallest = _HALVES[theirs.dtype == np.float16]
        lost = lost + 2 * (unit * np.abs(ours) + smallest)
    return lost / SUSPICIOUS_FROM


def _largest(errors: Array) -> Array:
    n = min(MAX_WORST, errors.size)
    if n == 0:
        return np.zeros(0, np.intp)
    least = np.partition(errors, errors.size - n)[errors.size - n]
    candidates = np.flatnonzero((errors >= least) & (errors > 0))[: errors.size]
    order = np.argsort(-errors[candidates], kind="stable")
    return candidates[order][:n]
