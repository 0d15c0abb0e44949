"""The text of a check: a few lines for a terminal, the same for every caller."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lossgrad.types.check import Check, Comparison, Diagnosis, Verification

_WIDTH: Final = 100
_INDENT: Final = "  "


def report(check: Check) -> str:
    """Return what a check found: our loss, each quantity, and each mistake with what to change."""
    return "\n".join(_lines(check))


def _lines(check: Check) -> Iterator[str]:
    yield _summary(check)
    for comparison in check.comparisons:
        yield _comparison(comparison)
    if check.verifications:
        yield "our gradients beside differences of our loss"
    for verification in check.verifications:
        yield _verification(verification)
    for finding, names in _together(check.findings).items():
        yield from _finding(*finding, names)
    yield _verdict(check)


def _summary(check: Check) -> str:
    rows = f"{check.n_rows} rows"
    ignored = f", {check.n_ignored} ignored" if check.n_ignored else ""
    return f"loss {check.loss:.9g}, {rows}{ignored}, divided by {check.denominator:.9g}"


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


def _together(findings: tuple[Diagnosis, ...]) -> dict[tuple[str, str], list[str]]:
    """Return the quantities of each code and text: one mistake shows in many."""
    names: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        names.setdefault((finding.code, finding.text), []).append(finding.name)
    return names


def _finding(code: str, text: str, names: list[str]) -> Iterator[str]:
    yield f"{code} ({', '.join(names)})"
    yield textwrap.fill(text, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _verdict(check: Check) -> str:
    if check.ok:
        return "ok"
    judged = (*check.comparisons, *check.verifications)
    wrong = [each.name for each in judged if each.band == "wrong"]
    names = dict.fromkeys([*wrong, *(finding.name for finding in check.findings)])
    return f"not ok: {', '.join(names)}"
