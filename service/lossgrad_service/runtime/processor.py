"""Whether this processor has the instructions that the kernels are compiled to."""

from __future__ import annotations

import os
from pathlib import Path

from lossgrad_service.runtime.wrong_settings import WrongSettings

_VARIABLE = "NUMBA_CPU_NAME"

_V2 = frozenset({"cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3"})
_V3 = _V2 | {"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"}
_V4 = _V3 | {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}
_NEEDED = {"x86-64-v2": _V2, "x86-64-v3": _V3, "x86-64-v4": _V4}
"""The levels of the x86-64 ABI, in the words of Linux."""


def require_processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> None:
    """Check that this processor is of the kind that `NUMBA_CPU_NAME` names.

    Without the check a process would be killed by its first instruction that is missing.
    Only the levels of x86-64 are checked, and only where Linux tells what a processor has.

    Parameters
    ----------
    cpuinfo
        Where Linux tells it.

    Raises
    ------
    WrongSettings
        What is missing, and what to do.
    """
    kind = os.environ.get(_VARIABLE, "")
    if kind in _NEEDED and cpuinfo.exists():
        _require(_NEEDED[kind] - _features(cpuinfo.read_text()), kind)


def _features(cpuinfo: str) -> frozenset[str]:
    """Return the words of the first line of flags."""
    flags = (line for line in cpuinfo.splitlines() if line.startswith("flags"))
    return frozenset(next(flags, "").partition(":")[2].split())


def _require(missing: frozenset[str], kind: str) -> None:
    if missing:
        raise WrongSettings(
            f"{_VARIABLE} is {kind}, but this processor lacks {', '.join(sorted(missing))}: run on "
            "another one, or build the image for what this one has "
            "(--build-arg PROCESSOR=x86-64-v2)"
        )
