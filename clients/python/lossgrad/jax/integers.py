"""Integers that JAX would wrap around: without ``jax_enable_x64`` it has none of 64 bits."""

from __future__ import annotations

from typing import Any, Final, cast

import jax
import numpy as np

from lossgrad.errors import InvalidArgument
from lossgrad.jax.case import Case
from lossgrad.types.arrays import Array

MAX_LISTED: Final = 3

_ADVICE: Final = 'call jax.config.update("jax_enable_x64", True) first'


def refuse_wrapping(name: str, given: Any) -> None:
    """Refuse integers of NumPy, Python or another library that change as JAX takes them.

    Raises
    ------
    InvalidArgument
        With the first rows of those that do.
    """
    if any(_is_of_jax(leaf) for leaf in jax.tree.leaves(given)):
        return
    array = np.asarray(given)
    if array.dtype.kind not in "iu" or array.dtype == _kept_as(array.dtype):
        return
    kept = array.astype(_kept_as(array.dtype))
    if rows := np.flatnonzero(array != kept).tolist():
        text = f"must fit into {kept.dtype}; {_listed(array, rows)}; {_ADVICE}"
        raise InvalidArgument.at(name, text)


def refuse_wrapped_index(case: Case) -> None:
    """Refuse to ignore an integer of 64 bits where JAX has made 32 of the target's.

    Raises
    ------
    InvalidArgument
        Where no row can have it any more.
    """
    target, index = case.shape_of("target").dtype, case.options.ignore_index
    wide = np.dtype(np.uint64 if target.kind == "u" else np.int64)
    if _kept_as(wide) == target and _holds(wide, index) and not _holds(target, index):
        text = f"must fit into {target}, the dtype of target, got {index}; {_ADVICE}"
        raise InvalidArgument.at("ignore_index", text)


def _is_of_jax(leaf: object) -> bool:
    return isinstance(leaf, jax.Array) or hasattr(leaf, "__jax_array__")


def _kept_as(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return cast(Any, jax.dtypes).canonicalize_dtype(dtype)


def _listed(array: Array, rows: list[int]) -> str:
    flat = array.reshape(-1)
    return ", ".join(f"row {row} has {flat[row]}" for row in rows[:MAX_LISTED])


def _holds(dtype: np.dtype[Any], number: int) -> bool:
    limits = np.iinfo(dtype)
    return int(limits.min) <= number <= int(limits.max)
