"""The losses as a user of JAX would write them: what ours are held against."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def cross_entropy(
    input,  # noqa: A002
    target,
    *,
    weight=None,
    ignore_index=-100,
    reduction="mean",
    label_smoothing=0.0,
    sample_weights=None,
    denominator=None,
    temperature=1.0,
    softcap=None,
    z_loss=0.0,
):
    """Return the loss of scores whose classes are on axis 1 if there are more than two axes."""
    scores = by_row(input)
    has_classes = jnp.issubdtype(target.dtype, jnp.integer)
    labels = target.reshape(-1)
    is_live = labels != ignore_index if has_classes else jnp.ones(len(scores), bool)
    if has_classes:
        shares = jax.nn.one_hot(jnp.where(is_live, labels, 0), scores.shape[-1], dtype=scores.dtype)
    else:
        shares = by_row(target)
    weights = is_live * (jnp.ones(()) if sample_weights is None else sample_weights.reshape(-1))
    classes = jnp.ones(scores.shape[-1]) if weight is None else weight
    smoothed = (1 - label_smoothing) * shares + label_smoothing / scores.shape[-1]
    z = squashed(scores, temperature, softcap)
    log_partition = jax.nn.logsumexp(z, -1)
    losses = (classes * smoothed * (log_partition[..., None] - z)).sum(-1)
    losses = weights * (losses + z_loss * log_partition**2)
    if reduction == "mean":
        by_class = (classes * shares).sum(-1) if has_classes else 1
        return losses.sum() / ((weights * by_class).sum() if denominator is None else denominator)
    if reduction == "sum":
        return losses.sum()
    return losses.reshape(input.shape[:1] + input.shape[2:] if input.ndim > 1 else ())


def by_row(array):
    """Return (N, C): what has more axes, or fewer, needs nothing compiled of its own then."""
    classes_last = jnp.moveaxis(array, 1, -1) if array.ndim > 2 else array
    return classes_last.reshape(-1, classes_last.shape[-1])


def squashed(scores, temperature, softcap):
    u = scores / temperature
    return u if softcap is None else softcap * jnp.tanh(u / softcap)


def linear_cross_entropy(input, linear_weight, target, linear_bias=None, **options):  # noqa: A002
    """Return the loss of a layer's scores; classes are their last axis."""
    scores = input @ linear_weight.T + (0 if linear_bias is None else linear_bias)
    rows = scores.reshape(-1, scores.shape[-1])
    has_classes = jnp.issubdtype(target.dtype, jnp.integer)
    targets = target.reshape(-1) if has_classes else target.reshape(rows.shape)
    if options.get("sample_weights") is not None:
        options |= {"sample_weights": options["sample_weights"].reshape(-1)}
    losses = cross_entropy(rows, targets, **options)
    return losses.reshape(scores.shape[:-1]) if options.get("reduction") == "none" else losses
