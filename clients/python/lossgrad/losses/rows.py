"""Which rows of a batch count, and what its mean divides by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lossgrad.errors import InvalidArgument
from lossgrad.losses.options import IGNORED
from lossgrad.losses.terms import FLOATS_ARE_NO_INDICES, has_classes, require
from lossgrad.types.arrays import Array


def live_rows(arrays: Mapping[str, Array], ignore_index: int = IGNORED) -> Array:
    """Return where a row of a batch counts, as its losses are laid out or without axes.

    Parameters
    ----------
    arrays
        What goes into the loss, by PyTorch's names.
    ignore_index
        Rows with this label count for nothing.
    """
    is_live = arrays.get("sample_weights", np.ones(())) != 0
    target = arrays["target"]
    return is_live & (target != ignore_index) if has_classes(target) else is_live


def batch_denominator(arrays: Mapping[str, Array], ignore_index: int = IGNORED) -> float:
    """Return what the mean of a batch divides by (contract §1), 0 where nothing counts.

    Parameters
    ----------
    arrays
        ``target``, perhaps ``weight`` and ``sample_weights``, laid out as beside
        `CROSS_ENTROPY`; ``weight`` has no part in it beside probabilities.
    ignore_index
        Rows with this label count for nothing.

    Raises
    ------
    InvalidArgument
        Where there is no target, the shapes disagree, a label has no weight, or floats have
        one axis only.
    """
    require(["target"], arrays)
    target = arrays["target"]
    shape = target.shape if has_classes(target) else _rows_of(target.shape)
    weights = _sample_weights(arrays, shape)
    if not has_classes(target):
        return float(weights.sum())
    is_live = target != ignore_index
    return float((weights[is_live] * _class_weights(arrays, target[is_live])).sum())


def _rows_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return (N, d1, …) of (N, C, d1, …)."""
    if len(shape) < 2:
        text = f"must have shape (N, C, d1, …), got {shape}; {FLOATS_ARE_NO_INDICES}"
        raise InvalidArgument.at("target", text)
    return shape[:1] + shape[2:]


def _sample_weights(arrays: Mapping[str, Array], shape: tuple[int, ...]) -> Array:
    if "sample_weights" not in arrays:
        return np.ones(shape)
    weights = arrays["sample_weights"]
    if weights.shape != shape:
        text = f"must have the shape of the rows, {shape}, got {weights.shape}"
        raise InvalidArgument.at("sample_weights", text)
    return weights.astype(np.float64)


def _class_weights(arrays: Mapping[str, Array], labels: Array) -> Array:
    """Return the weight of each label."""
    if "weight" not in arrays:
        return np.ones(labels.shape)
    weight = arrays["weight"].astype(np.float64)
    wrong = labels[(labels < 0) | (labels >= len(weight))]
    if wrong.size:
        text = f"must be in [0, {len(weight)}), the classes that weight has; {wrong[0]} is not"
        raise InvalidArgument.at("target", text)
    return weight[labels]
