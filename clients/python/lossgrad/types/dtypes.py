"""The element types of the contract and their short names.

A whitelist: no other dtype enters, and a name is never handed to `numpy.dtype`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import numpy as np

FLOATS: Final = ("f16", "bf16", "f32", "f64")
"""Dtypes of scores, weights, targets and gradients."""

INTEGERS: Final = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")
"""Dtypes of labels."""

NAMES: Final = FLOATS + INTEGERS

_STANDARD: Final[dict[str, np.dtype[Any]]] = {
    "f16": np.dtype(np.float16),
    "f32": np.dtype(np.float32),
    "f64": np.dtype(np.float64),
    "i8": np.dtype(np.int8),
    "i16": np.dtype(np.int16),
    "i32": np.dtype(np.int32),
    "i64": np.dtype(np.int64),
    "u8": np.dtype(np.uint8),
    "u16": np.dtype(np.uint16),
    "u32": np.dtype(np.uint32),
    "u64": np.dtype(np.uint64),
}
_NAME_OF_STANDARD: Final = {
    either: name for name, dtype in _STANDARD.items() for either in (dtype, dtype.newbyteorder("S"))
}


def bfloat16() -> np.dtype[Any]:
    """Return NumPy's bfloat16, which the package ml-dtypes provides.

    Raises
    ------
    ImportError
        Where ml-dtypes is not installed; the base install does without it.
    """
    return np.dtype(import_module("ml_dtypes").bfloat16)


def to_numpy(name: str) -> np.dtype[Any]:
    """Return the native-endian NumPy dtype of a contract name; `KeyError` for others."""
    return bfloat16() if name == "bf16" else _STANDARD[name]


def to_name(dtype: np.dtype[Any]) -> str | None:
    """Return the contract name of a NumPy dtype in either byte order, or None."""
    name = _NAME_OF_STANDARD.get(dtype)
    # A bfloat16 array can only exist where ml-dtypes is loaded, so its type's name decides.
    return "bf16" if name is None and dtype.type.__name__ == "bfloat16" else name


def widest(names: list[str]) -> str:
    """Return the narrowest float dtype that holds all of `names`; f16 with bf16 make f32."""
    if len(set(names)) == 1:
        return names[0]
    return "f64" if "f64" in names else "f32"
