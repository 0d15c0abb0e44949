"""The output arrays of a block of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lossgrad.types import Array
from lossgrad_service.core.rows import write_rows


class RowOutputs:
    """Views of the wanted outputs at the rows of one block.

    Parameters
    ----------
    views
        By name, (n, …), in the dtypes of the answer.
    row_dtype
        Floats of a row are rounded to this first, so that float16 is one rounding of
        the float32 result.
    """

    def __init__(self, views: Mapping[str, Array], row_dtype: np.dtype[Any]) -> None:
        self._views = views
        self._row_dtype = row_dtype

    def __contains__(self, name: str) -> bool:
        return name in self._views

    def at(self, span: slice) -> RowOutputs:
        """Return the outputs at some rows of these."""
        return RowOutputs({name: view[span] for name, view in self._views.items()}, self._row_dtype)

    def matrix(self, name: str, shape: tuple[int, int]) -> Array:
        """Return where a matrix of the row dtype is computed: in the output itself if it fits."""
        view = self._views.get(name)
        if view is not None and view.dtype == self._row_dtype:
            return view
        return np.empty(shape, self._row_dtype)

    def put(self, name: str, rows: Array) -> None:
        """Store a (n, …) output that is a matrix, if it is wanted."""
        if name in self._views:
            write_rows(rows, self._views[name])

    def put_computed(self, name: str, rows: Array) -> None:
        """Store the same if it was computed where `matrix` said; it may be there already."""
        view = self._views.get(name)
        if view is not None and view.dtype != self._row_dtype:
            write_rows(rows, view)

    def put_numbers(self, name: str, numbers: Array) -> None:
        """Store an output with one number for each row, (n,), if it is wanted."""
        if name in self._views:
            self._views[name][...] = numbers
