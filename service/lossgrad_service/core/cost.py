"""How long a problem takes, roughly, before any of it is computed."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from lossgrad.types import Problem
from lossgrad.types.form import Form
from lossgrad_service.kernels.matrices.tiles import ROW_ENTRIES, RUN_ENTRIES, power_of_two_within

QUICK: Final = 2**19
"""Entries of float32 scores, each about a nanosecond: what one thread computes at once."""

QUICK_RUN: Final = RUN_ENTRIES + 2**18
"""The same of a run of rows that streams: a whole one of plain scores is quick."""

_PART: Final = 2**24
"""The same of what is computed at a stretch: some ten milliseconds."""

_GENERAL: Final = 8
"""What the general form of the loss or a softcap makes of an entry."""
_PAIRS: Final = 32
"""What that takes once more of float64 scores, which are computed in pairs."""
_PRODUCTS: Final = 16
"""Multiply-adds of matrix products that take as long as an entry."""


def is_quick(problem: Problem) -> bool:
    """Return whether one thread computes a problem in a millisecond or so, whatever it wants."""
    return _cost(problem.form, problem.n_rows) <= QUICK


def is_quick_by_runs(problem: Problem, run_rows: int) -> bool:
    """Return whether one thread computes each run of rows in a millisecond or so."""
    return _cost(problem.form, run_rows) <= QUICK_RUN


def rows_per_part(form: Form) -> int:
    """Return the rows that one thread computes at a stretch: a power of two."""
    row = (form.sizes["C"] + ROW_ENTRIES) * _cost_of_entry(form)
    return power_of_two_within(_PART // row)


@lru_cache(maxsize=256)
def _cost(form: Form, n_rows: int) -> int:
    """Return what some rows cost, in entries of float32 scores."""
    sizes, rows = form.sizes, n_rows + 1
    entries = rows * (sizes["C"] + ROW_ENTRIES) * _cost_of_entry(form)
    hidden = rows * sizes.get("D", 0)
    multiply_adds = 3 * hidden * (sizes["C"] + sizes.get("P", 0))
    return entries + multiply_adds // _PRODUCTS


def _cost_of_entry(form: Form) -> int:
    options = form.options
    is_general = "targets" in form.input_dtypes or options.label_smoothing > 0 or options.z_loss > 0
    if not is_general and options.softcap is None:
        return 1
    return _GENERAL * _PAIRS if form.row_dtype.itemsize == 8 else _GENERAL
