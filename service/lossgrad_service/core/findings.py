"""What is wrong with the values of a batch, found while it is computed."""

from __future__ import annotations

import numpy as np

from lossgrad.errors import InvalidArgument, Violation
from lossgrad.types import Array
from lossgrad.types.rules import MAX_LISTED

FINITE = "must be finite in every row that counts (nonfinite='propagate' computes anyway)"
FINITE_WEIGHTS = "must be finite (nonfinite='propagate' computes anyway)"
NOT_NEGATIVE = "must not be negative"
NOT_MASKED = "must be 0 for a class whose score is −inf"
LABEL_UNMASKED = "the label's class must not be masked by −inf"
ONE_UNMASKED = "at least one class must not be −inf"


class Findings:
    """The first offending entries of each field, in the order in which they are found."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], list[str]] = {}

    def note(
        self, field: str, expected: str, bad: Array, values: Array, first_row: int = 0
    ) -> None:
        """Note the entries of `values` where `bad` is true, and raise when there are enough.

        Parameters
        ----------
        field, expected
            Name of the input, and what it must be.
        bad, values
            Of one shape, (n, j) or (n,).
        first_row
            The flattened row index of the first row of a matrix.
        """
        if not bad.any():
            return
        entries = self._entries.setdefault((field, expected), [])
        for position in np.argwhere(bad)[: MAX_LISTED - len(entries)].tolist():
            entries.append(_named(position, first_row, float(values[tuple(position)])))
        if len(entries) == MAX_LISTED:
            self.raise_if_any()

    def raise_if_any(self) -> None:
        """Raise the error that names what was noted.

        Raises
        ------
        InvalidArgument
            With one violation for each field and rule.
        """
        if self._entries:
            raise InvalidArgument.of(
                [
                    Violation(field, f"{expected}; {_listed(entries)}")
                    for (field, expected), entries in self._entries.items()
                ]
            )


def _named(position: list[int], first_row: int, value: float) -> str:
    row, *column = position
    where = f"({first_row + row}, {column[0]})" if column else f"[{row}]"
    return f"{where} is {value}"


def _listed(entries: list[str]) -> str:
    """Return the entries of a matrix, with what their numbers are, or of a vector."""
    legend = "(row, column) " if entries[0].startswith("(") else ""
    return legend + ", ".join(entries)
