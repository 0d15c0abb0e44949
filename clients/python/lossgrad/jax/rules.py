"""How JAX differentiates a loss: forward brings the gradients, backward multiplies."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, TypeAlias, cast

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.custom_derivatives import CustomVJPPrimal, SymbolicZero

from lossgrad.jax.case import LOGITS, Arrays, Case
from lossgrad.jax.checks import refuse_gradient
from lossgrad.jax.host import evaluate

LAYER: Final = ("linear_weight", "linear_bias")
WEIGHTS: Final = ("weight", "sample_weights")

Residuals: TypeAlias = dict[str, Any]
"""What forward found but for the loss, and the input, which the caller has anyway."""


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def loss_of(case: Case, arrays: Arrays) -> jax.Array:
    """Return the loss of `arrays`; where it is differentiated, `_forward` takes its place."""
    return evaluate(case, arrays, ())["loss"]


def _forward(case: Case, arrays: Mapping[str, CustomVJPPrimal]) -> tuple[jax.Array, Residuals]:
    """Make the call, which brings the gradients of arrays that are differentiated by."""
    values = {name: array.value for name, array in arrays.items()}
    moved = [name for name, array in arrays.items() if array.perturbed and _is_float(array.value)]
    for name in moved:
        if name in WEIGHTS:
            refuse_gradient(name)
    found = evaluate(case, values, _wanted(case, moved))
    return found.pop("loss"), found | {"input": values["input"]}


def _backward(case: Case, residuals: Residuals, upstream: Any) -> tuple[dict[str, Any]]:
    """Return the cotangents of the arrays, None for those that have none."""
    cotangents: dict[str, Any] = dict.fromkeys(name for name, _ in case.shapes)
    if not isinstance(upstream, SymbolicZero):
        make = _of_rows if case.is_by_row else _of_sum
        made = make(case, residuals, upstream)
        cotangents |= {name: made[name].astype(case.shape_of(name).dtype) for name in made}
    return (cotangents,)


cast(Any, loss_of).defvjp(_forward, _backward, symbolic_zeros=True)


def _is_float(array: jax.Array) -> bool:
    return jnp.issubdtype(array.dtype, jnp.floating)


def _wanted(case: Case, moved: list[str]) -> list[str]:
    """Return which gradients to ask for: by row, those of a layer are made of the logits'."""
    if not case.is_by_row:
        return moved
    of_rows = [name for name in moved if name not in LAYER]
    return of_rows if len(of_rows) == len(moved) else [*of_rows, LOGITS]


def _of_sum(case: Case, residuals: Residuals, upstream: jax.Array) -> Arrays:  # noqa: ARG001
    gradients = residuals["gradients"]
    if _is_one(upstream):
        return gradients
    return {name: _times(upstream, gradient) for name, gradient in gradients.items()}


def _of_rows(case: Case, residuals: Residuals, upstream: jax.Array) -> Arrays:
    # 0·NaN would be NaN, of rows that do not count.
    of_rows = jnp.where(residuals["live"], upstream, 0)
    made = {
        name: _times(jnp.expand_dims(of_rows, case.loss.class_axis(gradient.ndim)), gradient)
        for name, gradient in residuals["gradients"].items()
    }
    if LOGITS in made:
        inputs = jnp.where(residuals["live"][..., None], residuals["input"], 0)
        made |= _of_layer(case, made.pop(LOGITS), inputs)
    return made


def _of_layer(case: Case, of_logits: jax.Array, inputs: jax.Array) -> Arrays:
    """Return the cotangents of a layer's weight and bias from those of what it made."""
    rows = tuple(range(of_logits.ndim - 1))
    # Accelerators multiply matrices in 16 bits unless they are told.
    precision = jax.lax.Precision.HIGHEST
    inputs = inputs.astype(of_logits.dtype)
    weight = jnp.tensordot(of_logits, inputs, (rows, rows), precision=precision)
    made = {"linear_weight": weight, "linear_bias": of_logits.sum(rows)}
    return {name: made[name] for name, _ in case.shapes if name in LAYER}


def _is_one(upstream: jax.Array) -> bool:
    """Return whether a factor is known to be 1; while JAX traces none is known."""
    return not isinstance(upstream, Tracer) and bool(upstream == 1)


def _times(upstream: jax.Array, gradient: jax.Array) -> jax.Array:
    """Return the product in the dtype of the gradient, 32 bits at least."""
    return upstream.astype(gradient.dtype) * gradient
