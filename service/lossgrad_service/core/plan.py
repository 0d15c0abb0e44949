"""What a problem needs computed, decided once: nobody pays for what they did not want."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lossgrad.types import Options, Problem, dtypes
from lossgrad_service.kernels import scores, tiles

_ROW_INPUTS = ("scores", "h1", "w2", "b2", "x", "w1", "b1")
_FIRST_LAYER = frozenset({"dw1", "db1", "dx"})
_SUMS = frozenset({"dw2", "db2"})


@dataclass(frozen=True, slots=True)
class Plan:
    """Which quantities are computed, in which dtype, how many rows at a time."""

    options: Options
    want: frozenset[str]
    n_classes: int
    row_dtype: np.dtype[Any]
    """float64 if any of scores, h1, w2, b2, x, w1, b1 is; float32 otherwise."""
    tile_rows: int
    """Rows of a matrix product."""
    run_rows: int
    """Rows of the row arithmetic, a power of two like `tile_rows`."""
    scores_are_computed: bool
    """s = h1·w2 + b2, since no scores were sent."""
    hidden_is_computed: bool
    """h1 = relu(x·w1 + b1), since x was sent."""
    has_targets: bool
    is_weighted: bool
    """Class or sample weights were sent."""

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Return the plan for a problem."""
        sent = problem.inputs
        wide = any(sent[name].dtype.itemsize == 8 for name in _ROW_INPUTS if name in sent)
        row_dtype = np.dtype(np.float64 if wide else np.float32)
        # Of all widths, wanted or not: a row's bits must not depend on `want`.
        width = max(problem.sizes.values())
        return cls(
            options=problem.options,
            want=frozenset(problem.want),
            n_classes=problem.n_classes,
            row_dtype=row_dtype,
            tile_rows=tiles.rows_per_tile(width, row_dtype),
            run_rows=tiles.rows_per_run(problem.n_classes, width, row_dtype),
            scores_are_computed="scores" not in sent,
            hidden_is_computed="x" in sent,
            has_targets="targets" in sent,
            is_weighted="class_weights" in sent or "sample_weights" in sent,
        )

    @property
    def block_rows(self) -> int:
        """Rows of a block: whole tiles and whole runs."""
        return max(self.tile_rows, self.run_rows)

    @property
    def needs_hidden_gradient(self) -> bool:
        """Whether dH1 is needed, for itself or on the way to the first layer."""
        return "dh1" in self.want or self.needs_first_layer

    @property
    def needs_first_layer(self) -> bool:
        """Whether the backward pass goes through the ReLU."""
        return bool(self.want & _FIRST_LAYER)

    @property
    def needs_gradient(self) -> bool:
        """Whether dScores is needed, for itself or for what is computed from it."""
        return "dscores" in self.want or bool(self.want & _SUMS) or self.needs_hidden_gradient

    @property
    def needs_hidden(self) -> bool:
        """Whether h1 is read."""
        return self.scores_are_computed or "dw2" in self.want or self.needs_first_layer

    @property
    def needs_exponentials(self) -> bool:
        """Whether the softmax is computed; the hinge loss does without it."""
        return self.options.loss == "softmax" or bool(self.want & {"probs", "log_partition"})

    @property
    def is_soft(self) -> bool:
        """Whether the general form is needed: more than Q at one label of each row."""
        return self.has_targets or self.options.label_smoothing > 0 or self.options.z_loss > 0

    @property
    def exponential_dtype(self) -> np.dtype[Any]:
        """The dtype in which e^{z − m} is computed.

        The next wider type with a z-term: it multiplies the error of lse by 2α, while
        the bound shrinks with |Q + 2αa·lse|, which may cancel.
        """
        if self.options.z_loss > 0:
            return scores.wider(self.row_dtype)
        return np.dtype(np.float64) if self._may_magnify else self.row_dtype

    @property
    def _may_magnify(self) -> bool:
        """Whether e^{z − m} may be multiplied by a Q/D'/τ > 1.

        A subnormal float32 has few digits, which then show. Told by what was sent and
        not by its values, and by τ and a given D' each: a row has the same bits in any
        batch, and in a shard that is sent with the denominator of the whole.
        """
        given = self.options.denominator
        divides_by_less = self.options.temperature < 1 or (given is not None and abs(given) < 1)
        return self.is_weighted or self.has_targets or divides_by_less

    @property
    def below_dtype(self) -> np.dtype[Any]:
        """The dtype of z − m: at least float64 where the loss is a sum of them."""
        wide = np.float64 if self.is_soft else np.float32
        return np.result_type(self.exponential_dtype, wide)

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
