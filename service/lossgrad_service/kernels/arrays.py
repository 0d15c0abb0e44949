"""What a kernel takes and gives."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


def frozen(array: Array) -> Array:
    """Return a read-only view of an array; itself if it is read-only."""
    if not array.flags.writeable:
        return array
    view = array.view()
    view.setflags(write=False)
    return view
