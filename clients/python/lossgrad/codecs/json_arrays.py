"""Nested lists of JSON as arrays, and back.

Lists of numbers become float64 (int64 where labels are expected), level by level:
the cost is a few passes over the elements in C, none of them a loop in Python.
Anything that is not a plain number of the right kind is refused with its index.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, cast

import numpy as np

from lossgrad.codecs.tensors import BadTensor
from lossgrad.types import dtypes
from lossgrad.types.arrays import MAX_AXES, Array

NONFINITE: Final[Mapping[str, float]] = {
    "NaN": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
}
"""How JSON spells the numbers that it does not have."""


def floats_from_lists(value: object) -> Array:
    """Return nested lists of numbers as float64; a bare number has no axes.

    Raises
    ------
    BadTensor
        Naming the index of the first entry that is ragged or no number.
    """
    flat, shape = _flatten(value)
    kinds = set(map(type, flat))
    if str in kinds:
        flat = _with_nonfinite(flat)
        kinds = set(map(type, flat))
    if not kinds <= {float, int}:
        raise _first_wrong(flat, shape, (float, int), "a number")
    try:
        return np.fromiter(cast(Iterable[Any], flat), np.float64, len(flat)).reshape(shape)
    except OverflowError:
        raise _first_beyond(flat, shape, float, "float64") from None


def integers_from_lists(value: object) -> Array:
    """Return nested lists of integers as int64; see `floats_from_lists`."""
    flat, shape = _flatten(value)
    if not set(map(type, flat)) <= {int}:
        raise _first_wrong(flat, shape, (int,), "an integer")
    try:
        return np.fromiter(cast(Iterable[Any], flat), np.int64, len(flat)).reshape(shape)
    except OverflowError:
        raise _first_beyond(flat, shape, np.int64, "int64") from None


def to_lists(array: Array) -> object:
    """Return an array as something that orjson writes as nested lists of numbers.

    That is a C-contiguous float64 or int64 array where all entries are finite,
    nested lists with the strings of `NONFINITE` where some are not, and a bare
    number for an array without axes.
    """
    is_integer = dtypes.to_name(array.dtype) in dtypes.INTEGERS
    # A signalling NaN becomes a quiet one, of which NumPy would warn.
    with np.errstate(invalid="ignore"):
        wide = np.array(array, dtype=np.int64 if is_integer else np.float64, order="C")
    finite = np.isfinite(wide)
    if finite.all():
        return wide if wide.ndim else wide.item()
    entries = wide.astype(object)
    entries[~finite] = [spell(number) for number in wide[~finite].tolist()]
    return entries.tolist()


def spell(number: float) -> float | str:
    """Return a number as JSON has it: itself, or its spelling where it is not finite."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")


def shown(value: object) -> str:
    """Return a JSON value in few words, for a message."""
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value) if not isinstance(value, int) or abs(value) < 1 << 64 else "a huge integer"
    return text if len(text) <= 60 else text[:57] + "..."


def _flatten(value: object) -> tuple[list[object], tuple[int, ...]]:
    """Return the entries in C order and the shape of nested lists."""
    level: list[object] = [value]
    shape: tuple[int, ...] = ()
    while level and isinstance(level[0], list):
        if len(shape) == MAX_AXES:
            raise BadTensor("", f"must have at most {MAX_AXES} axes")
        rows = _all_lists(level, shape)
        shape = (*shape, len(rows[0]))
        level = list(chain.from_iterable(rows))
    return level, shape


def _all_lists(level: list[object], shape: tuple[int, ...]) -> list[list[object]]:
    """Return `level` once it is known to be lists of one length."""
    if set(map(type, level)) != {list}:
        raise _first_wrong(level, shape, (list,), "a list, as its neighbours are")
    rows = cast(list[list[object]], level)
    if len(set(map(len, rows))) > 1:
        index = next(i for i, row in enumerate(rows) if len(row) != len(rows[0]))
        detail = f"has length {len(rows[index])}, but those before it have {len(rows[0])}"
        raise BadTensor(_path(index, shape), detail)
    return rows


def _with_nonfinite(flat: list[object]) -> list[object]:
    return [NONFINITE.get(entry, entry) if isinstance(entry, str) else entry for entry in flat]


def _first_wrong(
    flat: Sequence[object], shape: tuple[int, ...], allowed: tuple[type, ...], expected: str
) -> BadTensor:
    index = next(i for i, entry in enumerate(flat) if type(entry) not in allowed)
    return BadTensor(_path(index, shape), f"must be {expected}, got {shown(flat[index])}")


def _first_beyond(
    flat: Sequence[object], shape: tuple[int, ...], convert: Callable[[Any], object], kind: str
) -> BadTensor:
    index = next(i for i, entry in enumerate(flat) if _overflows(convert, entry))
    return BadTensor(_path(index, shape), f"is beyond {kind}")


def _overflows(convert: Callable[[Any], object], entry: object) -> bool:
    try:
        convert(entry)
    except OverflowError:
        return True
    return False


def _path(index: int, shape: tuple[int, ...]) -> str:
    """Return the indices of entry number `index` of an array, such as ``[3][1]``."""
    indices: list[int] = []
    for extent in reversed(shape):
        index, last = divmod(index, extent)
        indices.append(last)
    return "".join(f"[{i}]" for i in reversed(indices))
