"""What a problem needs computed, decided once: nobody pays for what they did not want."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

import numpy as np

from lossgrad.types import Options, Problem, dtypes
from lossgrad.types.form import Form
from lossgrad.types.quantities import INPUTS, OUTPUTS
from lossgrad_service.core.cost import rows_per_part
from lossgrad_service.kernels.matrices import tiles
from lossgrad_service.kernels.rows.scores import Scaling

_KEPT = 256
"""Most plans that are kept."""
_FIRST_LAYER = frozenset({"dw1", "db1", "dx"})
_SUMS = frozenset({"dw2", "db2"})
_OF_ALL_ROWS = frozenset({"probs", "log_partition", "predictions"})

Output: TypeAlias = tuple[str, tuple[int, ...], np.dtype[Any]]
"""Name, shape and dtype."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Which quantities are computed, in which dtype, how many rows at a time."""

    form: Form
    """What is sent, and what is asked for."""
    options: Options
    want: frozenset[str]
    n_classes: int
    row_dtype: np.dtype[Any]
    """That of the form: float64 if any of scores, h1, w2, b2, x, w1, b1 is; else float32."""
    scaling: Scaling
    """How temperature and softcap make z of s."""
    tile_rows: int
    """Rows that a matrix product is made of at least: weights are packed anew for each."""
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
    def of(cls, problem: Problem, threads: int = 1) -> Plan:
        """Return the plan for a problem that this many threads may work on."""
        return cls._of_form(problem.form, threads)

    @classmethod
    @lru_cache(maxsize=_KEPT)
    def _of_form(cls, form: Form, threads: int) -> Plan:
        sent, options, row_dtype = form.input_dtypes, form.options, form.row_dtype
        # Of all widths, wanted or not: a row's bits must not depend on `want`.
        width = max(form.sizes.values())
        tile_rows = tiles.rows_per_tile(width, row_dtype)
        run_rows = tiles.rows_per_run(width)
        return cls(
            form=form,
            options=options,
            want=frozenset(form.want),
            n_classes=form.sizes["C"],
            row_dtype=row_dtype,
            scaling=Scaling.of(options.temperature, options.softcap),
            tile_rows=tile_rows,
            run_rows=run_rows,
            block_rows=tiles.rows_per_block(width, row_dtype, max(tile_rows, run_rows)),
            threads=threads,
            scores_are_computed="scores" not in sent,
            hidden_is_computed="x" in sent,
            has_targets="targets" in sent,
        )

    @cached_property
    def fed_rows(self) -> int:
        """Rows that may be fed at a time: any multiple of these gives the same bits.

        A power of two. Sums of products are made of 256 rows at a time, those of wider
        rows block by block.
        """
        rows = max(self.tile_rows, self.run_rows) if self.has_products else self.run_rows
        return min(self.block_rows, max(rows, tiles.MAX_TILE_ROWS)) if self.has_sums else rows

    @cached_property
    def part_rows(self) -> int:
        """Rows of a run that are computed before it is asked whether they are still wanted."""
        return rows_per_part(self.form)

    @cached_property
    def has_products(self) -> bool:
        """Whether any matrix product is made of rows."""
        return self.scores_are_computed or self.has_sums

    @cached_property
    def needs_hidden_gradient(self) -> bool:
        """Whether dH1 is needed, for itself or on the way to the first layer."""
        return "dh1" in self.want or self.needs_first_layer

    @cached_property
    def needs_first_layer(self) -> bool:
        """Whether the backward pass goes through the ReLU."""
        return bool(self.want & _FIRST_LAYER)

    @cached_property
    def needs_hidden(self) -> bool:
        """Whether h1 is read."""
        return self.scores_are_computed or "dw2" in self.want or self.needs_first_layer

    @cached_property
    def has_sums(self) -> bool:
        """Whether anything is computed from dScores."""
        return bool(self.want & _SUMS) or self.needs_hidden_gradient

    @cached_property
    def needs_softmax(self) -> bool:
        """Whether something of the softmax is needed beside a hinge loss."""
        return self.tells_all_rows or "accuracy" in self.want

    @cached_property
    def tells_all_rows(self) -> bool:
        """Whether something is told of every row, ignored ones too."""
        return bool(self.want & _OF_ALL_ROWS)

    @cached_property
    def is_soft(self) -> bool:
        """Whether the general form is needed: more than Q at one label of each row."""
        return self.has_targets or self.options.label_smoothing > 0 or self.options.z_loss > 0

    @cached_property
    def product_dtype(self) -> np.dtype[Any]:
        """The dtype of the products in dW2 and dW1; sums asked for in float64 are made so."""
        asked = self.options.gradient_dtype
        return dtypes.to_numpy("f64") if asked == "f64" else self.row_dtype

    @cached_property
    def row_outputs(self) -> tuple[Output, ...]:
        """What is wanted that has rows, with its leading axes."""
        return self._wanted(has_rows=True)

    @cached_property
    def sums(self) -> tuple[Output, ...]:
        """What is wanted that is added up over the rows."""
        return self._wanted(has_rows=False)

    def _wanted(self, *, has_rows: bool) -> tuple[Output, ...]:
        form = self.form
        names = [n for n in form.want if n in OUTPUTS and OUTPUTS[n].has_rows == has_rows]
        return tuple([(n, form.shape_of(n), dtypes.to_numpy(form.dtype_of(n))) for n in names])

    @cached_property
    def row_inputs(self) -> tuple[str, ...]:
        """The inputs that were sent and have an entry or a vector for each row."""
        return tuple([name for name in self.form.input_dtypes if INPUTS[name].has_rows])

    @cached_property
    def layer_inputs(self) -> tuple[str, ...]:
        """Those of w2, b2, w1 and b1 that were sent and take part in what is computed."""
        sent = self.form.input_dtypes
        return tuple([n for n in ("w2", "b2", "w1", "b1") if n in sent and self._uses(n)])

    def _uses(self, weights: str) -> bool:
        penalised = self.options.reg > 0 and weights in ("w1", "w2")
        if weights == "b2":
            return self.scores_are_computed
        if weights == "w2":
            return self.scores_are_computed or self.needs_hidden_gradient or penalised
        return self.needs_hidden or penalised
