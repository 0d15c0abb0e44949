"""How many files, connections among them, a process may have open."""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import Final

_MOST: Final = 2**16
"""More than this is of no use here, and is refused by some systems that promise it."""


def raise_open_files() -> int:
    """Let this process have as many files open as the system grants; return how many.

    Shells commonly start with 1,024, which a thousand idle callers use up: then nobody
    is connected any more, and callers are not even told.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    granted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < granted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else soft
