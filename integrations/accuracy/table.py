"""The tables of docs/accuracy.md, as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib.metadata import version

from mpmath import mp, mpf

from integrations.accuracy.cases import CASES, Case
from integrations.accuracy.libraries import LIBRARIES
from integrations.accuracy.truth import Truth, truths

TRUE_DIGITS, DIGITS = 10, 5
MARKED_PERCENT = 1
ASKED = ("torch", "jax", "optax", "scikit-learn")
HEAD = ["scores", "number", "truth", *LIBRARIES]


def tables() -> str:
    """Return whose versions were asked, and a table for each dtype."""
    versions = [f"{name} {version(name).partition('+')[0]}" for name in ASKED]
    lines = [line for dtype in CASES for line in table(dtype)]
    return "\n".join([f"Computed with {', '.join(versions)}.", *lines])


def table(dtype: str) -> Iterator[str]:
    yield from ("", f"### {dtype}", "", line(HEAD), line(["---"] * len(HEAD)))
    for case in CASES[dtype]:
        yield from lines(case, dtype)


def lines(case: Case, dtype: str) -> Iterator[str]:
    """Yield the line of the loss and that of the gradient."""
    loss, gradient = truths(case, dtype)
    answers = [library(case.problem(dtype)) for library in LIBRARIES.values()]
    losses = [each and float(each.loss) for each in answers]
    entries = [each and float(each.dscores[0, case.entry]) for each in answers]
    yield compared([case.told, "loss"], loss, losses)
    yield compared(["", "gradient"], gradient, entries)


def compared(told: list[str], truth: Truth, values: list[float | None]) -> str:
    exact = number(truth.value, TRUE_DIGITS)
    return line([*told, exact, *(cell(value, truth) for value in values)])


def line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def number(value: mpf, digits: int) -> str:
    return mp.nstr(value, digits).removesuffix(".0").replace(".0e", "e")


def cell(value: float | None, truth: Truth) -> str:
    """Return a value, with its relative error where that is over the bound."""
    if value is None:
        return "–"
    shown = number(mpf(value), DIGITS)
    error = abs(mpf(value) - truth.value)
    if error <= truth.relative * abs(truth.value):
        return shown
    if error <= truth.absolute:
        return f"{shown} †"
    return wrong(shown, 100 * float(error / abs(truth.value)))


def wrong(shown: str, percent: float) -> str:
    """Return a value that lost digits, marked if nearly all of them."""
    if not math.isfinite(percent):
        return f"**{shown}** ✗"
    if percent >= MARKED_PERCENT:
        return f"**{shown}** ✗ {percent:.0f} %"
    return f"{shown} ({number(mpf(percent), 1)} %)"
