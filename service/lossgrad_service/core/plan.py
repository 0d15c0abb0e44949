"""What a problem needs computed, decided once: nobody pays for what they did not want."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lossgrad.types import Options, Problem, dtypes
from lossgrad_service.kernels.matrices import tiles
from lossgrad_service.kernels.rows.scores import Scaling

_ROW_INPUTS = ("scores", "h1", "w2", "b2", "x", "w1", "b1")
_FIRST_LAYER = frozenset({"dw1", "db1", "dx"})
_SUMS = frozenset({"dw2", "db2"})
_OF_ALL_ROWS = frozenset({"probs", "log_partition", "predictions"})


_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


def row_dtype_of(problem: Problem) -> np.dtype[Any]:
    """Return float64 if any of scores, h1, w2, b2, x, w1, b1 is; float32 otherwise."""
    sent = problem.inputs
    is_wide = any(sent[name].dtype.itemsize == 8 for name in _ROW_INPUTS if name in sent)
    return _DOUBLE if is_wide else _SINGLE


@dataclass(frozen=True, slots=True)
class Plan:
    """Which quantities are computed, in which dtype, how many rows at a time."""

    options: Options
    want: frozenset[str]
    n_classes: int
    row_dtype: np.dtype[Any]
    """float64 if any of scores, h1, w2, b2, x, w1, b1 is; float32 otherwise."""
    scaling: Scaling
    """How temperature and softcap make z of s."""
    tile_rows: int
    """Rows of a matrix product."""
    run_rows: int
    """Rows that one thread works on at a time, a power of two like `tile_rows`."""
    block_rows: int
    """Rows that are held at a time: whole tiles and whole runs."""
    threads: int
    """How many threads work on one call at most; changes no bit."""
    scores_are_computed: bool
    """s = h1·w2 + b2, since no scores were sent."""
    hidden_is_computed: bool
    """h1 = relu(x·w1 + b1), since x was sent."""
    has_targets: bool

    @classmethod
    def of(cls, problem: Problem, threads: int = 1) -> Self:
        """Return the plan for a problem that this many threads may work on."""
        sent, row_dtype = problem.inputs, row_dtype_of(problem)
        # Of all widths, wanted or not: a row's bits must not depend on `want`.
        width = max(problem.sizes.values())
        tile_rows = tiles.rows_per_tile(width, row_dtype)
        run_rows = tiles.rows_per_run(width)
        return cls(
            options=problem.options,
            want=frozenset(problem.want),
            n_classes=problem.n_classes,
            row_dtype=row_dtype,
            scaling=Scaling.of(problem.options.temperature, problem.options.softcap),
            tile_rows=tile_rows,
            run_rows=run_rows,
            block_rows=tiles.rows_per_block(width, row_dtype, max(tile_rows, run_rows)),
            threads=threads,
            scores_are_computed="scores" not in sent,
            hidden_is_computed="x" in sent,
            has_targets="targets" in sent,
        )

    @property
    def fed_rows(self) -> int:
        """Rows that may be fed at a time: any multiple of these gives the same bits.

        A power of two. Sums of products are made of 256 rows at a time, those of wider
        rows block by block.
        """
        rows = max(self.tile_rows, self.run_rows) if self.has_products else self.run_rows
        return min(self.block_rows, max(rows, tiles.MAX_TILE_ROWS)) if self.has_sums else rows

    @property
    def has_products(self) -> bool:
        """Whether any matrix product is made of rows."""
        return self.scores_are_computed or self.has_sums

    @property
    def needs_hidden_gradient(self) -> bool:
        """Whether dH1 is needed, for itself or on the way to the first layer."""
        return "dh1" in self.want or self.needs_first_layer

    @property
    def needs_first_layer(self) -> bool:
        """Whether the backward pass goes through the ReLU."""
        return bool(self.want & _FIRST_LAYER)

    @property
    def needs_hidden(self) -> bool:
        """Whether h1 is read."""
        return self.scores_are_computed or "dw2" in self.want or self.needs_first_layer

    @property
    def has_sums(self) -> bool:
        """Whether anything is computed from dScores."""
        return bool(self.want & _SUMS) or self.needs_hidden_gradient

    @property
    def needs_softmax(self) -> bool:
        """Whether something of the softmax is needed beside a hinge loss."""
        return self.tells_all_rows or "accuracy" in self.want

    @property
    def tells_all_rows(self) -> bool:
        """Whether something is told of every row, ignored ones too."""
        return bool(self.want & _OF_ALL_ROWS)

    @property
    def is_soft(self) -> bool:
        """Whether the general form is needed: more than Q at one label of each row."""
        return self.has_targets or self.options.label_smoothing > 0 or self.options.z_loss > 0

    @property
    def product_dtype(self) -> np.dtype[Any]:
        """The dtype of the products in dW2 and dW1; sums asked for in float64 are made so."""
        asked = self.options.gradient_dtype
        return dtypes.to_numpy("f64") if asked == "f64" else self.row_dtype

    def uses(self, weights: str) -> bool:
        """Return whether w2, b2, w1 or b1 takes part in anything that is computed."""
        penalised = self.options.reg > 0 and weights in ("w1", "w2")
        if weights == "b2":
            return self.scores_are_computed
        if weights == "w2":
            return self.scores_are_computed or self.needs_hidden_gradient or penalised
        return self.needs_hidden or penalised
