"""What is known of a loss while JAX traces it: all but the entries of its arrays."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import jax
import numpy as np

from lossgrad.client import Client
from lossgrad.losses import Loss, LossOptions
from lossgrad.types import dtypes

Arrays: TypeAlias = dict[str, jax.Array]
"""Arrays by PyTorch's names."""

LOGITS: Final = "logits"
"""What a linear layer makes of its input; no array of the caller's."""


@dataclass(frozen=True)
class Case:
    """One loss of arrays of known shapes; hashable, so that JAX compiles it once."""

    client: Client
    loss: Loss = field(hash=False)
    options: LossOptions
    shapes: tuple[tuple[str, jax.ShapeDtypeStruct], ...]
    """By the names of the arrays, without the axes that ``vmap`` hides."""

    @classmethod
    def of(cls, client: Client, loss: Loss, options: LossOptions, arrays: Arrays) -> Case:
        """Return the case of `arrays`."""
        shapes = {name: jax.ShapeDtypeStruct(a.shape, a.dtype) for name, a in arrays.items()}
        return cls(client, loss, options, tuple(shapes.items()))

    @property
    def is_by_row(self) -> bool:
        """Whether the loss is that of each row."""
        return self.options.reduction == "none"

    def shape_of(self, name: str) -> jax.ShapeDtypeStruct:
        """Return shape and dtype of an array, or of the logits."""
        shapes = dict(self.shapes)
        if name != LOGITS:
            return shapes[name]
        layer, features = shapes["linear_weight"], shapes["input"]
        shape = (*features.shape[:-1], layer.shape[0])
        return jax.ShapeDtypeStruct(shape, _widest(layer.dtype, features.dtype))

    def answers(self, wanted: Collection[str]) -> dict[str, Any]:
        """Return shapes and dtypes of what an evaluation finds.

        They are those of ``loss``, of ``gradients`` by name, and by row of ``live``: which rows
        count. Gradients have 32 bits at least until they are multiplied, and are rounded to
        16 bits after that, once.
        """
        shape = self._rows() if self.is_by_row else ()
        answers: dict[str, Any] = {
            "loss": jax.ShapeDtypeStruct(shape, self.shape_of("input").dtype),
            "gradients": {name: _wide(self.shape_of(name)) for name in wanted},
        }
        if self.is_by_row and wanted:
            answers["live"] = jax.ShapeDtypeStruct(shape, np.bool_)
        return answers

    def _rows(self) -> tuple[int, ...]:
        scores = self.shape_of("input").shape
        axis = self.loss.class_axis(len(scores))
        return (*scores[:axis], *scores[axis + 1 :])


def _wide(shape: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape.shape, _widest(shape.dtype, np.dtype(np.float32)))


def _widest(*chosen: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that holds all; JAX's own rules change with its settings."""
    return dtypes.to_numpy(dtypes.widest([str(dtypes.to_name(dtype)) for dtype in chosen]))
