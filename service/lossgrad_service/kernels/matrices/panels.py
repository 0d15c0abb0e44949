"""Matrices in panels, as registers take them, and the products of panels.

A panel is as many columns of a matrix as a row of a piece has entries (see `registers`), one row
behind the other; the last one may have fewer, filled up to whole registers. What fills it gives
sums that nobody reads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiling.compiled import formula, program
from lossgrad_service.kernels.compiling.machine import fetch
from lossgrad_service.kernels.matrices.registers import REGISTER_BYTES, ROWS, VECTORS, add_up
from lossgrad_service.kernels.matrices.subnormals import ignore_subnormals, set_back

_LINE_BYTES = 64
"""What memory brings at a time."""
_AHEAD = 8
"""How many rows before they are copied memory is asked for them: processors foresee no leap."""


@formula
def _lanes(array: Any) -> Any:
    """Return the entries of one register."""
    return REGISTER_BYTES // array.itemsize


@formula
def _width(columns: Any, lanes: Any) -> Any:
    """Return the entries of a row of a panel that has this many columns left to it."""
    return min(VECTORS * lanes, -(-columns // lanes) * lanes)


def room(depth: int, columns: int, dtype: np.dtype[Any]) -> Array:
    """Return memory for the panels of a matrix.

    Parameters
    ----------
    depth, columns
        The shape of the matrix.
    dtype
        Float32 or float64.
    """
    lanes = REGISTER_BYTES // dtype.itemsize
    return np.empty(depth * -(-columns // lanes) * lanes, dtype)


def room_for_piece(dtype: np.dtype[Any]) -> Array:
    """Return memory for the sums of a piece."""
    return np.empty(ROWS * VECTORS * REGISTER_BYTES // dtype.itemsize, dtype)


@program
def pack(matrix: Array, start: int, stop: int, first: int, last: int, panels: Array) -> None:
    """Put rows start … stop and columns first … last of a matrix into panels.

    Parameters
    ----------
    matrix
        Float32 or float64, C-contiguous.
    panels
        From `room`, of the same dtype; written.
    """
    lanes, depth = _lanes(matrix), stop - start
    ahead = _AHEAD * matrix.shape[1]
    for k in range(depth):
        row = matrix[start + k, first:last]
        for left in range(0, row.size, VECTORS * lanes):
            width = _width(row.size - left, lanes)
            place = left * depth + k * width
            entries, out = row[left : left + width], panels[place : place + width]
            if entries.size == VECTORS * lanes:  # a length that the compiler knows
                for line in range(0, VECTORS * lanes, _LINE_BYTES // matrix.itemsize):
                    fetch(row, left + line + ahead)
                for j in range(VECTORS * lanes):
                    out[j] = entries[j]
            else:
                for j in range(entries.size):
                    out[j] = entries[j]
                for j in range(entries.size, width):
                    out[j] = 0


@program
def pack_transposed(
    matrix: Array, start: int, stop: int, first: int, last: int, panels: Array
) -> None:
    """Put rows start … stop and columns first … last of a matrix's transpose into panels.

    Four columns at a time, each read along its memory; the last one again where there are no four
    left, which fills up the panel.

    Parameters
    ----------
    matrix
        Float32 or float64, C-contiguous: of its *rows* first … last are read.
    panels
        As for `pack`.
    """
    lanes, depth = _lanes(matrix), stop - start
    ahead = 4 * matrix.shape[1]
    for left in range(first, last, VECTORS * lanes):
        width = _width(last - left, lanes)
        for j in range(0, width, 4):
            at = left + j
            column0 = matrix[min(at, last - 1), start:stop]
            column1 = matrix[min(at + 1, last - 1), start:stop]
            column2 = matrix[min(at + 2, last - 1), start:stop]
            column3 = matrix[min(at + 3, last - 1), start:stop]
            for line in range(ahead, ahead + depth, _LINE_BYTES // matrix.itemsize):
                fetch(column0, line)
                fetch(column1, line)
                fetch(column2, line)
                fetch(column3, line)
            for k in range(depth):
                place = (left - first) * depth + k * width + j
                out = panels[place : place + 4]
                out[0] = column0[k]
                out[1] = column1[k]
                out[2] = column2[k]
                out[3] = column3[k]


@program
def add_panels(
    total: Array,
    top: int,
    bottom: int,
    left: int,
    right: int,
    depth: int,
    a: Array,
    b: Array,
    sums: Array,
) -> None:
    """Add aᵀ·b to rows top … bottom and columns left … right of `total`.

    Subnormal entries and sums count as 0 on x86 (see `subnormals`).

    Parameters
    ----------
    total
        Float32 or float64, C-contiguous, changed in place.
    depth
        Rows of a and b.
    a, b
        (depth, bottom − top) and (depth, right − left), both in panels.
    sums
        Room for a piece, of the dtype of a and b.
    """
    before = ignore_subnormals()
    lanes = _lanes(sums)
    whole = VECTORS * lanes
    rows, columns = bottom - top, right - left
    for j in range(0, columns, whole):
        vectors = _width(columns - j, lanes) // lanes
        for i in range(0, rows, ROWS):
            panel = i // whole * whole
            step = _width(rows - panel, lanes)
            add_up(a, panel * depth + i - panel, step, b, j * depth, vectors, depth, sums)
            for row in range(min(ROWS, rows - i)):
                out = total[top + i + row, left + j : min(left + j + whole, right)]
                _add(sums[row * whole : (row + 1) * whole], out, whole)
    set_back(before)


@formula
def _add(sums: Any, out: Any, whole: Any) -> None:
    # A loop whose length the compiler knows takes half the time.
    if out.size == whole:
        for j in range(whole):
            out[j] += sums[j]
    else:
        for j in range(out.size):
            out[j] += sums[j]
