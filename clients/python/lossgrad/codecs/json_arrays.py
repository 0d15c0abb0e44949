"""Nested lists of JSON as arrays, and back.

Lists of numbers become float64 (int64 where labels are expected). The cost is two
passes over the entries in C, one for their types and one for their values; no list of
all entries is made on the way. Anything that is not a plain number of the right kind
is refused with its index.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, starmap
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

Rows = Sequence[Sequence[object]]

_FLOAT: Final[np.dtype[Any]] = np.dtype(np.float64)
_INTEGER: Final[np.dtype[Any]] = np.dtype(np.int64)
_WIDE: Final = 16
"""Entries of a row from which on a call for each row pays."""


def floats_from_lists(value: object) -> Array:
    """Return nested lists of numbers as float64; a bare number has no axes.

    Raises
    ------
    BadTensor
        Naming the index of the first entry that is ragged or no number.
    """
    rows, shape = _rows_of(value)
    kinds = _kinds_in(rows)
    if str in kinds:
        rows = list(map(_with_nonfinite, rows))
        kinds = _kinds_in(rows)
    if not kinds <= {float, int}:
        raise _first_wrong(_entries_of(rows), shape, (float, int), "a number")
    try:
        return _numbers(rows, _FLOAT).reshape(shape)
    except (OverflowError, struct.error):
        raise _first_beyond(_entries_of(rows), shape, float, "float64") from None


def integers_from_lists(value: object) -> Array:
    """Return nested lists of integers as int64; see `floats_from_lists`."""
    rows, shape = _rows_of(value)
    if not _kinds_in(rows) <= {int}:
        raise _first_wrong(_entries_of(rows), shape, (int,), "an integer")
    try:
        return _numbers(rows, _INTEGER).reshape(shape)
    except (OverflowError, struct.error):
        raise _first_beyond(_entries_of(rows), shape, np.int64, "int64") from None


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


def _rows_of(value: object) -> tuple[Rows, tuple[int, ...]]:
    """Return the innermost lists of nested ones, in order, and the shape of the whole."""
    rows: Rows = [[value]]
    shape: tuple[int, ...] = ()
    while rows[0] and isinstance(rows[0][0], list):
        if len(shape) == MAX_AXES:
            raise BadTensor("", f"must have at most {MAX_AXES} axes")
        rows = _all_lists(list(_entries_of(rows)), shape)
        shape = (*shape, len(rows[0]))
    return rows, shape


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


def _entries_of(rows: Rows) -> Iterator[object]:
    return chain.from_iterable(rows)


def _kinds_in(rows: Rows) -> set[type]:
    return set(map(type, _entries_of(rows)))


def _numbers(rows: Rows, dtype: np.dtype[Any]) -> Array:
    """Return the entries of rows, all known to be numbers, as an array of one axis.

    Raises
    ------
    OverflowError, struct.error
        Where a number is beyond `dtype`.
    """
    width = len(rows[0])
    if width < _WIDE:
        entries = cast(Iterator[Any], _entries_of(rows))
        return np.fromiter(entries, dtype, len(rows) * width)
    # A wide row costs `struct`, which has NumPy's letters for dtypes, half of NumPy's time.
    pack = struct.Struct(f"{width}{dtype.char}").pack
    return np.frombuffer(bytearray().join(starmap(pack, rows)), dtype)


def _with_nonfinite(row: Sequence[object]) -> list[object]:
    return [NONFINITE.get(entry, entry) if isinstance(entry, str) else entry for entry in row]


def _first_wrong(
    entries: Iterable[object], shape: tuple[int, ...], allowed: tuple[type, ...], expected: str
) -> BadTensor:
    index, entry = next((i, e) for i, e in enumerate(entries) if type(e) not in allowed)
    return BadTensor(_path(index, shape), f"must be {expected}, got {shown(entry)}")


def _first_beyond(
    entries: Iterable[object], shape: tuple[int, ...], convert: Callable[[Any], object], kind: str
) -> BadTensor:
    index = next(i for i, entry in enumerate(entries) if _overflows(convert, entry))
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
