"""Which known mistake a quantity has the shape of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from lossgrad.types import Array
from lossgrad.types.check_parts import SUSPICIOUS_FROM, Diagnosis
from lossgrad_service.checking.comparing import Quantity
from lossgrad_service.checking.layouts import LAYOUTS, Layout
from lossgrad_service.checking.mistakes import PAIRS, SINGLE, Mistake, planted
from lossgrad_service.checking.overflow import unstable_softmax
from lossgrad_service.checking.steps import Steps

BETTER: Final = 10
"""How many times nearer to a mistake than to ours numbers must be."""

_NO_ERROR: Final = 1e-6
"""Errors that are taken for the same."""

Mistakes = Sequence[type[Mistake]]


@dataclass(eq=False)
class Diagnostician:
    """Looks for mistakes in one quantity after the other."""

    right: Steps
    checkpoint: Callable[[], None]
    """Called before each mistake is computed; what it raises ends the check."""
    found: set[str] = field(default_factory=set[str])
    """Codes of mistakes found so far: what comes later was computed from those quantities."""

    def diagnose(self, suspect: Quantity) -> list[Diagnosis]:
        """Return what is wrong with a quantity, so far as it is a known mistake."""
        overflow = unstable_softmax(suspect, self.right)
        if overflow is not None:
            return [overflow]
        if not suspect.is_finite:
            return []
        return self._mistakes_in(suspect) or self._in_another_layout(suspect)

    def _in_another_layout(self, suspect: Quantity) -> list[Diagnosis]:
        """Return the first layout that explains a quantity, and what else is wrong with it."""
        found = (self._once_undone(layout, suspect) for layout in LAYOUTS)
        return next(filter(None, found), [])

    def _once_undone(self, layout: Layout, suspect: Quantity) -> list[Diagnosis]:
        again = layout.undone(suspect)
        if again is None:
            return []
        others = self._mistakes_in(again) if again.is_suspect else []
        told = Diagnosis(layout.code, suspect.name, layout.advice)
        return [told, *others] if others or _is_right(again, suspect) else []

    def _mistakes_in(self, suspect: Quantity) -> list[Diagnosis]:
        """Return what is wrong with numbers in the layout of ours."""
        mistakes = self._first_that_fits(suspect, [(each,) for each in SINGLE])
        mistakes = mistakes or self._first_that_fits(suspect, PAIRS)
        self.found.update(each.code for each in mistakes)
        return [Diagnosis(each.code, suspect.name, self._text(each)) for each in mistakes]

    def _text(self, mistake: type[Mistake]) -> str:
        return planted((mistake,), self.right).text

    def _first_that_fits(self, suspect: Quantity, sets: Sequence[Mistakes]) -> Mistakes:
        """Return the mistakes that explain a quantity best; none if none does."""
        fitting = list(self._fitting(suspect, sets))
        best = max(min((error for error, _ in fitting), default=0.0), _NO_ERROR)
        near = [mistakes for error, mistakes in fitting if error <= BETTER * best]
        known = [each for each in near if self.found.issuperset(m.code for m in each)]
        return next(iter(known or near), ())

    def _fitting(
        self, suspect: Quantity, sets: Sequence[Mistakes]
    ) -> Iterator[tuple[float, Mistakes]]:
        """Yield mistakes beside which a quantity is good, each with the error that is left."""
        batch, name = self.right.batch, suspect.name
        for mistakes in sets:
            if not all(name in m.shows_in and m.is_possible(batch) for m in mistakes):
                continue
            self.checkpoint()
            candidate = planted(mistakes, self.right).quantity(name)
            if suspect.is_far_from(candidate):
                continue  # Some entries told; most mistakes end here, before all are compared.
            error = suspect.error_beside(candidate)
            if error <= SUSPICIOUS_FROM and _is_nearer(suspect, candidate, error):
                yield error, mistakes


def _is_right(again: Quantity, suspect: Quantity) -> bool:
    """Return whether numbers are right once their layout is ours."""
    return not again.is_suspect and suspect.error > BETTER * again.error


def _is_nearer(suspect: Quantity, candidate: Array, error: float) -> bool:
    """Return whether numbers that differ from ours are far nearer to theirs than ours are."""
    if candidate.shape != suspect.ours.shape:
        return True
    is_apart = suspect.error_of(candidate) > SUSPICIOUS_FROM
    return is_apart and suspect.error > BETTER * error
