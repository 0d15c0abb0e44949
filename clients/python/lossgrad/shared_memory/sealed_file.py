"""Anonymous files in memory that cannot be cut short under whoever maps them."""

from __future__ import annotations

import mmap
import os
import sys
from typing import Final

# Those of Linux: not every build of Python has them.
_ADD_SEALS: Final = 1033
_SEALS: Final = 0x1 | 0x2 | 0x4
"""Of seals themselves, against shrinking, and against growing."""


def are_possible() -> bool:
    """Return whether this system has such files."""
    return sys.platform == "linux" and hasattr(os, "memfd_create")


class SealedFile:
    """A file in memory, sealed and mapped.

    All of it is there from the start, so that nothing fails once it is written to.

    Parameters
    ----------
    size
        Bytes, which are rounded up to whole pages.

    Raises
    ------
    OSError
        Where there is no memory for it.
    """

    def __init__(self, size: int) -> None:
        self.size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        self.descriptor = -1
        self.descriptor = os.memfd_create("lossgrad", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.posix_fallocate(self.descriptor, 0, self.size)
            _seal(self.descriptor)
            self.mapping = mmap.mmap(self.descriptor, self.size)
        except OSError:
            self.close()
            raise

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the descriptor; the memory stays for as long as it is used."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _seal(descriptor: int) -> None:
    import fcntl  # which Windows has not

    fcntl.fcntl(descriptor, _ADD_SEALS, _SEALS)
