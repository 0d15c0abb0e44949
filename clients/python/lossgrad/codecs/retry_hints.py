"""The seconds after which to try again, as servers and proxies of any kind say them."""

from __future__ import annotations

import math


def read_seconds(said: object) -> float | None:
    """Return the seconds, or None where `said` is anything but a finite number above zero."""
    if not isinstance(said, (int, float)) or isinstance(said, bool):
        return None
    try:
        seconds = float(said)
    except OverflowError:
        return None
    return seconds if 0 < seconds < math.inf else None
