"""What servers found wrong with the rows of parts, in the words of the whole batch.

A server names the first rows that are wrong by where they stand in what it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lossgrad.errors import InvalidArgument, Violation
from lossgrad.types.quantities import INPUTS
from lossgrad.types.rules import MAX_LISTED

_LEGEND: Final = "; (row, column) "
_ENTRY: Final = re.compile(r"\((\d+), (\d+)\) is (\S+?)(?=,|$)")

Refusals = dict[int, InvalidArgument]
"""By the first row of the part that was refused."""


def is_about_all(error: InvalidArgument) -> bool:
    """Return whether a part is refused for what it has in common with the others."""
    return not any(_names_rows(violation) for violation in error.violations)


def is_full(error: InvalidArgument) -> bool:
    """Return whether as many rows are named as ever are, so that none behind them will be."""
    return any(
        _names_rows(violation) and len(list(_entries(violation, 0))) == MAX_LISTED
        for violation in error.violations
    )


def joined(refusals: Refusals) -> InvalidArgument:
    """Return what the whole batch would have been refused with.

    The rows that are wrong first are named, at most 8 of each rule, by their place in the batch.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for first_row, error in sorted(refusals.items()):
        for field, text, entries in _found(error.violations, first_row):
            listed = found.setdefault((field, text), [])
            listed += entries[: MAX_LISTED - len(listed)]
        if any(len(listed) == MAX_LISTED for listed in found.values()):
            break
    return InvalidArgument.of([_violation(*rule, listed) for rule, listed in found.items()])


def _names_rows(violation: Violation) -> bool:
    entry = INPUTS.get(violation.field)
    return entry is not None and entry.has_vectors and _LEGEND in violation.detail


def _found(violations: Iterable[Violation], first_row: int) -> Iterator[tuple[str, str, list[str]]]:
    """Yield field, rule and entries of each violation; no entries where it names no row."""
    for violation in violations:
        if _names_rows(violation):
            rule = violation.detail.rpartition(_LEGEND)[0]
            yield violation.field, rule, list(_entries(violation, first_row))
        else:
            yield violation.field, violation.detail, []


def _entries(violation: Violation, first_row: int) -> Iterator[str]:
    """Yield what is wrong, entry by entry, with the row's place in the batch."""
    listed = violation.detail.rpartition(_LEGEND)[2]
    for row, column, value in _ENTRY.findall(listed):
        yield f"({first_row + int(row)}, {column}) is {value}"


def _violation(field: str, rule: str, entries: list[str]) -> Violation:
    return Violation(field, f"{rule}{_LEGEND}{', '.join(entries)}" if entries else rule)
