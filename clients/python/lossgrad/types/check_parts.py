"""What a check tells of each quantity: how it compares, how ours does, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Band = Literal["good", "suspicious", "wrong"]

SUSPICIOUS_FROM: Final = 1e-4
"""Relative error above which a number is suspicious."""

WRONG_FROM: Final = 1e-2
"""Relative error above which a number is wrong."""

MAX_WORST: Final = 8
"""Entries that a comparison shows, the worst ones first."""


def band_of(relative_error: float) -> Band:
    """Return the band of a relative error; NaN is wrong.

    The bounds are those of CS231n's notes on gradient checks.
    """
    if relative_error <= SUSPICIOUS_FROM:
        return "good"
    return "suspicious" if relative_error <= WRONG_FROM else "wrong"


@dataclass(frozen=True, slots=True)
class Entry:
    """One number of the caller's beside ours."""

    index: tuple[int, ...]
    """Its place in the array; empty for the loss."""
    theirs: float
    ours: float
    relative_error: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One of the caller's quantities beside ours."""

    name: str
    """One of `CHECKABLE`."""
    band: Band
    """Of its largest relative error."""
    max_relative_error: float
    """Largest \\|a − b\\| / max(\\|a\\|, \\|b\\|); infinite where shapes differ or with NaN."""
    n_entries: int
    """Entries of theirs."""
    n_wrong: int
    """Entries that are wrong; all of them where shapes differ."""
    shape: tuple[int, ...]
    """Theirs."""
    expected_shape: tuple[int, ...]
    """Ours."""
    worst: tuple[Entry, ...]
    """At most `MAX_WORST` entries that differ, the largest relative errors first."""


@dataclass(frozen=True, slots=True)
class Verification:
    """One of our gradients beside differences of our own loss."""

    name: str
    """The gradient, such as ``dw2``."""
    band: Band
    max_relative_error: float
    n_directions: int
    """Random directions along which the loss was differenced; 0 where it is not finite."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A known mistake that the caller's numbers have the shape of."""

    code: str
    """Such as ``not_divided_by_n``."""
    name: str
    """The quantity in which it was found."""
    text: str
    """What the numbers look like, and what to change."""
