"""Ending with the process that started this one, however that ended."""

from __future__ import annotations

import ctypes
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
"""Of Linux: which signal a process gets when its parent has ended."""


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, even one that is busy or stopped.

    Other systems than Linux leave that to whoever reads what the parent says.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
