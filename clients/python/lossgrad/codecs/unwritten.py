"""Bytes objects whose content is written after they are made."""

from __future__ import annotations

import ctypes
from typing import Any, cast

# Prototypes of our own: those that hang on `ctypes.pythonapi` belong to all of the process.
_new_bytes: Any = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_char_p, ctypes.c_ssize_t)(
    ("PyBytes_FromStringAndSize", ctypes.pythonapi)
)
_address: Any = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object)(
    ("PyBytes_AsString", ctypes.pythonapi)
)


def unwritten(size: int) -> tuple[bytes, memoryview]:
    """Return `size` > 0 bytes of any content, and a view to write their content through.

    Bytes do not change, but CPython documents PyBytes_AsString to allow writing to an
    object that PyBytes_FromStringAndSize has just made without content: nobody else
    has it, so nobody has read or hashed it. Whoever calls this has to write every byte
    before handing the object on, lest it tell what was in memory before, and nothing
    afterwards. The view keeps the object alive.
    """
    made = cast(bytes, _new_bytes(None, size))
    content = (ctypes.c_ubyte * size).from_address(_address(made))
    cast(Any, content).owner = made
    return made, memoryview(content).cast("B")
