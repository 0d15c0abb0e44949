"""Which files may be mapped: those that cannot be taken away under whoever reads them."""

from __future__ import annotations

import mmap
import os
import stat
from typing import Final

from lossgrad.codecs.sharing import NotShared

# Those of Linux: not every build of Python has them.
_GET_SEALS: Final = 1034
_REQUIRED: Final = {"F_SEAL_SEAL": 0x1, "F_SEAL_SHRINK": 0x2, "F_SEAL_GROW": 0x4}
_REFUSED: Final = {"F_SEAL_WRITE": 0x8, "F_SEAL_FUTURE_WRITE": 0x10}

_BLOCK_BYTES: Final = 512
"""What the system counts the memory of a file in."""


def sealed_size(descriptor: int) -> int:
    """Return the bytes of a file that may be mapped.

    Nothing is read from what the descriptor stands for, nor is it waited for.

    Raises
    ------
    NotShared
        Where it is anything but a file in memory with pages of the usual size, all of it
        there, sealed against shrinking, growing and other seals, and open for writing.
    """
    # Before anything else is asked: other file systems may take their time to answer.
    _check_seals(_seals_of(descriptor))
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode) or os.fstatvfs(descriptor).f_bsize != mmap.PAGESIZE:
        # Pages of other sizes come from a pool that may be empty when they are touched.
        raise NotShared(f"it is no file with pages of {mmap.PAGESIZE} bytes")
    if not 0 < state.st_size <= state.st_blocks * _BLOCK_BYTES:
        raise NotShared("it is empty, or not all of its memory is there; call posix_fallocate")
    return state.st_size


def _seals_of(descriptor: int) -> int:
    import fcntl  # which Windows has not

    try:
        return fcntl.fcntl(descriptor, _GET_SEALS)
    except OSError:
        raise NotShared("it is no file in memory; make it by memfd_create") from None


def _check_seals(seals: int) -> None:
    missing = [name for name, seal in _REQUIRED.items() if not seals & seal]
    if missing:
        raise NotShared(f"it is not sealed by {', '.join(missing)}")
    refused = [name for name, seal in _REFUSED.items() if seals & seal]
    if refused:
        raise NotShared(f"it is sealed by {', '.join(refused)}, so that no answer can be written")
