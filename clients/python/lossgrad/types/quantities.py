"""Every input and every output of the contract, in one table each.

The tables carry what a quantity is called, the axes that it has and what it
means. Validation, both codecs, the JSON schema and the computation read them, so
that a name or a shape is written down once.

Axes: ``…`` any leading axes (flattened to N rows), ``C`` classes, ``D`` hidden
width, ``P`` input width.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final

from lossgrad.types import dtypes

ROWS: Final = "…"
"""Stands for the leading axes, any number of them."""


@dataclass(frozen=True)
class Input:
    """An array that a caller may send."""

    axes: tuple[str, ...]
    dtypes: tuple[str, ...]
    doc: str

    @cached_property
    def has_rows(self) -> bool:
        """Whether it has an entry, or a vector of them, for each row."""
        return ROWS in self.axes

    @cached_property
    def has_vectors(self) -> bool:
        """Whether it has a vector for each row."""
        return self.has_rows and len(self.axes) > 1


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number that comes with every answer (`accuracy`: only when asked for)."""

    type: type[float] | type[int]
    doc: str


@dataclass(frozen=True)
class Output:
    """An array that a caller may ask for."""

    axes: tuple[str, ...]
    doc: str
    json: str
    """Spelling in JSON; gradients are written as in the derivations there."""
    gradient_of: str | None = None
    """The quantity whose gradient this is."""
    dtype: str | None = None
    """Its dtype where that is fixed; otherwise that of `gradient_of`, or of the scores."""

    @cached_property
    def has_rows(self) -> bool:
        """Whether it has an entry, or a vector of them, for each row."""
        return ROWS in self.axes


INPUTS: Final[Mapping[str, Input]] = MappingProxyType(
    {
        "scores": Input((ROWS, "C"), dtypes.FLOATS, "scores (logits) s"),
        "labels": Input((ROWS,), dtypes.INTEGERS, "class indices y in [0, C)"),
        "targets": Input((ROWS, "C"), dtypes.FLOATS, "probability targets t, instead of labels"),
        "h1": Input((ROWS, "D"), dtypes.FLOATS, "hidden activations"),
        "w2": Input(("D", "C"), dtypes.FLOATS, "weights of the output layer"),
        "b2": Input(("C",), dtypes.FLOATS, "bias of the output layer"),
        "x": Input((ROWS, "P"), dtypes.FLOATS, "inputs of the first layer, instead of h1"),
        "w1": Input(("P", "D"), dtypes.FLOATS, "weights of the first layer"),
        "b1": Input(("D",), dtypes.FLOATS, "bias of the first layer"),
        "class_weights": Input(("C",), dtypes.FLOATS, "class weights c"),
        "sample_weights": Input((ROWS,), dtypes.FLOATS, "sample weights a"),
    }
)

SCALARS: Final[Mapping[str, Scalar]] = MappingProxyType(
    {
        "loss": Scalar(float, "data_loss + z_loss + reg_loss"),
        "data_loss": Scalar(float, "(1/D') Σ_ij q_ij·(lse_i − z_ij), or the hinge's counterpart"),
        "reg_loss": Scalar(float, "R, the L2 penalty"),
        "z_loss": Scalar(float, "(α/D') Σ_i a_i·lse_i²"),
        "denominator": Scalar(float, "D', what the mean divided by; 1 otherwise"),
        "n_rows": Scalar(int, "N, the number of rows"),
        "n_ignored": Scalar(int, "rows whose label is ignore_index"),
        "accuracy": Scalar(float, "fraction of live rows whose prediction is the label"),
    }
)

OUTPUTS: Final[Mapping[str, Output]] = MappingProxyType(
    {
        "row_losses": Output(
            (ROWS,), "a·c·L of each row, before division", "row_losses", dtype="f64"
        ),
        "dscores": Output((ROWS, "C"), "∂loss/∂scores", "dScores", "scores"),
        "dw2": Output(("D", "C"), "∂loss/∂w2 = h1ᵀ·dscores + ∂R/∂w2", "dW2", "w2"),
        "db2": Output(("C",), "∂loss/∂b2, the column sums of dscores", "db2", "b2"),
        "dh1": Output((ROWS, "D"), "∂loss/∂h1 = dscores·w2ᵀ", "dH1", "h1"),
        "dw1": Output(("P", "D"), "∂loss/∂w1 = xᵀ·(dh1∘[h1 > 0]) + ∂R/∂w1", "dW1", "w1"),
        "db1": Output(("D",), "∂loss/∂b1, the column sums of dh1∘[h1 > 0]", "db1", "b1"),
        "dx": Output((ROWS, "P"), "∂loss/∂x = (dh1∘[h1 > 0])·w1ᵀ", "dX", "x"),
        "dtargets": Output((ROWS, "C"), "∂loss/∂targets; 0 where masked", "dTargets", "targets"),
        "probs": Output((ROWS, "C"), "softmax(z), of every row", "probs"),
        "log_partition": Output((ROWS,), "lse, of every row", "log_partition", dtype="f64"),
        "predictions": Output(
            (ROWS,), "class with the largest score, lowest index first", "predictions", dtype="i64"
        ),
    }
)

WANTABLE: Final = (*SCALARS, *OUTPUTS)
"""Names that `want` takes."""
