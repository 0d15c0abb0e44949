"""Arrays in an .npz archive, and what to do about those that NumPy could not keep there."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile

from lossgrad.errors import InvalidArgument, Violation
from lossgrad.types import Array

_ZIP: Final = b"PK"
_PLAIN: Final = "tensor.detach().float().numpy()"
"""How a tensor of PyTorch becomes an array, whatever its dtype and wherever it comes from."""

_OBJECTS: Final = (
    "has Python objects, such as lists of different lengths; save an array of numbers, of "
    f"tensors {_PLAIN}"
)

_BROKEN: Final = (ValueError, EOFError, BadZipFile, zlib.error)
"""What NumPy raises for a file that is broken, or none of its own."""


def is_archive(data: bytes) -> bool:
    """Return whether it is an .npz archive, and so no JSON."""
    return data.startswith(_ZIP)


def arrays_in(data: bytes) -> dict[str, Array]:
    """Return the arrays of an archive by name.

    Raises
    ------
    InvalidArgument
        Where it is none, or with one violation for each array that is of no use.
    """
    with _opened(data) as archive:
        arrays = {name: _read(archive, name) for name in archive}
    refused = list(_refused(arrays))
    if refused:
        raise InvalidArgument.of(refused)
    return arrays


def _opened(data: bytes) -> NpzFile:
    try:
        archive = np.load(BytesIO(data), allow_pickle=False)
    except _BROKEN:
        archive = None
    if not isinstance(archive, NpzFile):
        raise _unreadable("it is no .npz file, or a part of one")
    return archive


def _read(archive: NpzFile, name: str) -> Array:
    try:
        member: Any = archive[name]
    except _BROKEN as error:
        # NumPy's own words tell how to open files that could do anything.
        told = _OBJECTS if "allow_pickle" in str(error) else f"is broken: {error}"
        raise InvalidArgument.at(name, told) from error
    if isinstance(member, bytes):
        raise _unreadable(f"{name} is no array; save arrays by np.savez, of tensors {_PLAIN}")
    return member


def _refused(arrays: Mapping[str, Array]) -> Iterator[Violation]:
    for name, array in arrays.items():
        if array.dtype.kind == "V":
            text = f"has dtype {array.dtype}, which is what .npz files keep of bfloat16"
            yield Violation(name, f"{text}; save it as float32: array.astype(np.float32)")


def _unreadable(reason: str) -> InvalidArgument:
    return InvalidArgument.at("", f"the archive cannot be read: {reason}")
