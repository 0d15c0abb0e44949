"""The wanted outputs with rows, as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from lossgrad.types import Array, Problem, dtypes
from lossgrad.types.quantities import OUTPUTS


@dataclass(frozen=True, slots=True)
class RowOutput:
    """An output with rows, as bytes."""

    name: str
    dtype: np.dtype[Any]
    row_shape: tuple[int, ...]
    """What a row of it is: (C,), (D,), (P,) or () for a number."""

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return prod(self.row_shape) * self.dtype.itemsize

    def room(self, n_rows: int) -> Array:
        """Return an array for some rows."""
        return np.empty((n_rows, *self.row_shape), self.dtype)

    def rows_in(self, room: memoryview) -> Array:
        """Return the rows, (n, …), that fill a room."""
        return np.frombuffer(room, self.dtype).reshape(-1, *self.row_shape)


def row_outputs(problem: Problem) -> list[RowOutput]:
    """Return the wanted outputs with rows."""
    return [
        RowOutput(
            name,
            dtypes.to_numpy(problem.dtype_of(name)),
            problem.form.row_shape_of(name),
        )
        for name in problem.want
        if name in OUTPUTS and OUTPUTS[name].has_rows
    ]
