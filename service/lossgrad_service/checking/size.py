"""How large a problem may be that is checked."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from lossgrad.errors import TooLarge
from lossgrad.types import CheckRequest, Problem

MAX_ENTRIES: Final = 2**21
"""Most entries that the matrices of a problem may have together, in rows and in weights.

A check holds some twenty arrays of them in float64, and computes each mistake.
"""

_HELD: Final = 24
"""Arrays of float64 that a check holds of the entries of a problem, at most."""

_OWN_HELD: Final = 4
"""The same of its caller's own numbers."""


def require_small(problem: Problem) -> None:
    """Check that a problem is small enough.

    Raises
    ------
    TooLarge
        With what to do.
    """
    entries = entries_of(problem)
    if entries > MAX_ENTRIES:
        raise TooLarge(
            f"scores, layers and weights have {entries} entries together, a check takes "
            f"{MAX_ENTRIES}; check some hundred rows, which show the same mistakes",
            limit="max_check_entries",
        )


def charged_bytes(request: CheckRequest) -> int:
    """Return what a check is charged while it computes: a third of what it may hold.

    Raises
    ------
    TooLarge
        As `require_small`.
    """
    require_small(request.problem)
    own = sum(array.size for array in request.own.values())
    return (_HELD * entries_of(request.problem) + _OWN_HELD * own) * 8 // 3


def entries_of(problem: Problem) -> int:
    """Return the entries of a problem's rows in all layers, and of its weights."""
    widths = [problem.sizes[axis] for axis in ("P", "D", "C") if axis in problem.sizes]
    return problem.n_rows * sum(widths) + sum(a * b for a, b in pairwise(widths))
