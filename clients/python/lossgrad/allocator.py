"""glibc's malloc, told to keep the memory of messages for the next ones.

As it comes, it gives large blocks back to the system when they are freed. Every message
then costs a page fault for each 4 KiB of each of its copies, which takes longer than the
copying: half of what 1 MB there and back costs both processes.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

VARIABLE: Final = "LOSSGRAD_MALLOC"
"""The variable by which a process chooses; `DEFAULT` leaves malloc as it is."""

TUNED: Final = "tuned"
DEFAULT: Final = "default"

LARGEST_KEPT: Final = 32 * 2**20
"""Larger blocks are given back when freed; older versions of glibc take no higher threshold."""

KEPT_AT_THE_TOP: Final = 256 * 2**20
"""Free memory at the end of the heap beyond this is given back."""

GLIBCS_OWN: Final = (
    "MALLOC_ARENA_MAX",
    "MALLOC_ARENA_TEST",
    "MALLOC_MMAP_MAX_",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TOP_PAD_",
    "MALLOC_TRIM_THRESHOLD_",
)
"""Variables that glibc reads; an operator who sets one of them has all of them count alone."""

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8


def tune_unless_told() -> bool:
    """Have this process keep freed memory, unless ``LOSSGRAD_MALLOC`` is ``default``.

    What a client does before its first connection.

    Returns
    -------
    bool
        Whether memory is kept; see `keep_freed_memory`.
    """
    return os.environ.get(VARIABLE) != DEFAULT and keep_freed_memory()


@cache
def keep_freed_memory() -> bool:
    """Have this process keep freed memory for later; done once, and for the process's life.

    Returns
    -------
    bool
        Whether it does: not with another C library than glibc, nor where glibc's own
        variables (``MALLOC_MMAP_THRESHOLD_``, ``GLIBC_TUNABLES``, …) say something.
    """
    return not is_set_by_operator(os.environ) and set_thresholds(_c_library())


def is_set_by_operator(environ: Mapping[str, str]) -> bool:
    """Return whether glibc's own variables say how much memory malloc keeps, and where."""
    tunables = environ.get("GLIBC_TUNABLES", "")
    return any(name in environ for name in GLIBCS_OWN) or "glibc.malloc." in tunables


def set_thresholds(library: Any) -> bool:
    """Set glibc's thresholds; do nothing and return False with a library that has none."""
    mallopt = getattr(library, "mallopt", None)
    if mallopt is None:
        return False
    # The second alone would fix the first at 128 KiB.
    return bool(
        mallopt(_M_MMAP_THRESHOLD, LARGEST_KEPT) and mallopt(_M_TRIM_THRESHOLD, KEPT_AT_THE_TOP)
    )


def share_one_arena() -> bool:
    """Have the threads of this process share one heap: what one frees, the others use.

    What a server does beside keeping freed memory, as early as it can: heaps of its
    threads would each keep some, and hold no more than one large message. A client
    leaves that to the program that it is part of.
    """
    return limit_arenas(_c_library())


def limit_arenas(library: Any) -> bool:
    """Set glibc's number of arenas to one; see `set_thresholds`."""
    mallopt = getattr(library, "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_ARENA_MAX, 1))


def _c_library() -> Any:
    return ctypes.CDLL(None) if sys.platform == "linux" else None
