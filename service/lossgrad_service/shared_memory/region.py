"""A caller's file, mapped."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from lossgrad.codecs.sharing import NotShared
from lossgrad.types import Array

_READABLE: Final = mmap.PROT_READ
_WRITABLE: Final = mmap.PROT_READ | mmap.PROT_WRITE


class Region:
    """A file that is mapped twice: to be read only, and to be written to as well.

    It stays mapped for as long as there is the region, or an array over any part of it: a
    call that computes with it when its connection ends is not cut off.

    Parameters
    ----------
    descriptor
        Of the file; see `sealed_size`.
    size
        Its bytes.
    when_gone
        Called once nothing of it is mapped any more, by whichever thread used it last.

    Raises
    ------
    NotShared
        Where it cannot be mapped.
    """

    def __init__(self, descriptor: int, size: int, when_gone: Callable[[], object]) -> None:
        self._when_gone = when_gone
        self.size = size
        try:
            self._mappings = [
                mmap.mmap(descriptor, size, mmap.MAP_SHARED, protection)
                for protection in (_READABLE, _WRITABLE)
            ]
        except (OSError, ValueError):
            raise NotShared("it cannot be mapped to be read and written") from None

    def readable(self, start: int, size: int) -> Array:
        """Return some of its bytes, read-only; that they lie in it is for the caller to check."""
        return self._array(self._mappings[0], start, size)

    def writable(self, start: int, size: int) -> Array:
        """Return some of its bytes, to be written; as `readable`."""
        return self._array(self._mappings[1], start, size)

    def __del__(self) -> None:
        self._mappings = []
        self._when_gone()

    def _array(self, mapping: mmap.mmap, start: int, size: int) -> Array:
        return np.asarray(_Hold(self, mapping))[start : start + size]


class _Hold:
    """What arrays over a mapping hold, so that the region is there for as long as they are."""

    def __init__(self, region: Region, mapping: mmap.mmap) -> None:
        self._region = region
        self.__array_interface__: dict[str, Any] = np.frombuffer(
            mapping, np.uint8
        ).__array_interface__
