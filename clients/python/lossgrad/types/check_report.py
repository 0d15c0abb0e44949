"""The text of a check's parts: a few lines for a terminal, the same for every caller."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from lossgrad.types.check_parts import Comparison, Diagnosis, Verification

_WIDTH: Final = 100
_INDENT: Final = "  "


def compared(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield a line for each of the caller's quantities, or one that says that there is none."""
    if not comparisons:
        yield "nothing of yours was compared: no gradients were sent"
    for comparison in comparisons:
        yield _comparison(comparison)


def verified(verifications: Sequence[Verification]) -> Iterator[str]:
    """Yield a line for each of our gradients, below a heading."""
    if verifications:
        yield "our gradients beside differences of our loss"
    for verification in verifications:
        yield _verification(verification)


def found(findings: Sequence[Diagnosis]) -> Iterator[str]:
    """Yield what is wrong with which quantities, and what to change."""
    for (code, text), names in _together(findings).items():
        yield f"{code} ({', '.join(names)})"
        yield textwrap.fill(text, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _comparison(comparison: Comparison) -> str:
    start = f"  {comparison.name:<10} {comparison.band:<10} "
    if comparison.band == "wrong" and not comparison.worst:
        return f"{start} shape {comparison.shape}, expected {comparison.expected_shape}"
    return f"{start} {comparison.max_relative_error:8.2e}{_worst(comparison)}"


def _worst(comparison: Comparison) -> str:
    if not comparison.worst:
        return ""
    worst = comparison.worst[0]
    place = f" at [{', '.join(map(str, worst.index))}]" if worst.index else ""
    wrong = f"; {comparison.n_wrong} of {comparison.n_entries} wrong" if comparison.n_wrong else ""
    return f" {place}  yours {worst.theirs:.7g}, ours {worst.ours:.7g}{wrong}"


def _verification(verification: Verification) -> str:
    start = f"  {verification.name:<10} {verification.band:<10} "
    directions = f"{verification.n_directions} directions"
    return f"{start} {verification.max_relative_error:8.2e}  {directions}"


def _together(findings: Sequence[Diagnosis]) -> dict[tuple[str, str], list[str]]:
    """Return the quantities of each code and text: one mistake shows in many."""
    names: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        names.setdefault((finding.code, finding.text), []).append(finding.name)
    return names
