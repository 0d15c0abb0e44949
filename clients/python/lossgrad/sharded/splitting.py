"""Where a batch is cut, which follows from its inputs and the number of servers alone.

So its sums have the same bits whatever is wanted beside them, whichever servers are up, and
whichever answers first.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from lossgrad.types.problem import Problem
from lossgrad.types.quantities import INPUTS

LEAST: Final = 2**20
"""Bytes of inputs, or products that take as long, below which a part is not worth a call."""

_TILE_ROWS: Final = 256
"""Rows of one product in a server: cut between them, float32 sums are made of the same ones."""

_PRODUCTS: Final = 64
"""Multiplications that take as long as a byte does on its way."""

_PASSES: Final = 3
"""Products with each matrix of weights: forward, to its own gradient, and to its inputs'."""


def spans_of(problem: Problem, most: int, least: int) -> list[slice]:
    """Return the rows of each part, in order; one part where more are not worth it.

    Each part costs the parameters once more, and as many sums over rows, so that it must have
    more work of its own than those have.

    Parameters
    ----------
    problem
        The whole batch.
    most
        Parts at most: servers.
    least
        Bytes of inputs, or what takes as long, that a part must have.
    """
    n_rows = problem.n_rows
    worth = _row_work(problem) // max(least, _parameter_bytes(problem))
    count = max(1, min(most, n_rows, worth))
    cuts = [_cut(n_rows, part, count) for part in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(cuts)]


def _cut(n_rows: int, part: int, count: int) -> int:
    """Return the first row of a part: between two tiles, where parts have some."""
    row = n_rows * part // count
    if part == count or n_rows < count * _TILE_ROWS:
        return row
    return (row + _TILE_ROWS // 2) // _TILE_ROWS * _TILE_ROWS


def _parameter_bytes(problem: Problem) -> int:
    return sum(a.nbytes for name, a in problem.inputs.items() if not INPUTS[name].has_rows)


def _row_work(problem: Problem) -> int:
    """Return the bytes of inputs with rows, and of products that take as long."""
    rows = problem.request_bytes - _parameter_bytes(problem)
    weights = sum(problem.inputs[name].size for name in ("w1", "w2") if name in problem.inputs)
    return rows + _PASSES * problem.n_rows * weights // _PRODUCTS
