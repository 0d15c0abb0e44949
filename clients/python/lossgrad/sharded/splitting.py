"""Where a batch is cut, which follows from its inputs and the number of servers alone.

So its sums have the same bits whatever is wanted beside them, whichever servers are up, and
whichever answers first.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from lossgrad.types.problem import Problem
from lossgrad.types.quantities import INPUTS

_LEAST: Final = 2**20
"""Bytes of work below which a part is not worth a call of its own."""

_TILE_ROWS: Final = 256
"""Rows of one product in a server: cut between them, float32 sums are made of the same ones."""

_PRODUCTS: Final = 64
"""Multiplications that take as long as a byte of a row does, there and back."""

_PASSES: Final = 3
"""Products with each matrix of weights: forward, to its own gradient, and to its inputs'."""

_PARAMETERS: Final = 8
"""Bytes of rows that take as long as one of the parameters.

These are kept as long as the call lasts, and answered by sums in float64.
"""


def parts_worth(problem: Problem, most: int) -> int:
    """Return how many parts a batch is worth, from 1 to `most`.

    Each part costs the parameters once more, and as many sums over rows, so that it must have
    more work of its own than those are.
    """
    return max(1, min(most, problem.n_rows, _row_work(problem) // _least_work(problem)))


def cut(n_rows: int, parts: int) -> list[slice]:
    """Return the rows of each part, in order."""
    cuts = [_first_row(n_rows, part, parts) for part in range(parts + 1)]
    return [slice(start, stop) for start, stop in pairwise(cuts)]


def _first_row(n_rows: int, part: int, parts: int) -> int:
    """Return the first row of a part: between two tiles, where parts have some."""
    row = n_rows * part // parts
    if part == parts or n_rows < parts * _TILE_ROWS:
        return row
    return (row + _TILE_ROWS // 2) // _TILE_ROWS * _TILE_ROWS


def _least_work(problem: Problem) -> int:
    """Return the bytes of work that a part must have."""
    return max(_LEAST, _PARAMETERS * _parameter_bytes(problem))


def _parameter_bytes(problem: Problem) -> int:
    return sum(a.nbytes for name, a in problem.inputs.items() if not INPUTS[name].has_rows)


def _row_work(problem: Problem) -> int:
    """Return the bytes of inputs with rows, and of products that take as long."""
    rows = problem.request_bytes - _parameter_bytes(problem)
    weights = sum(problem.inputs[name].size for name in ("w1", "w2") if name in problem.inputs)
    return rows + _PASSES * problem.n_rows * weights // _PRODUCTS
