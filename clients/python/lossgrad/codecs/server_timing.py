"""Where the service's time went: seconds by stage, sent as a Server-Timing header.

The text is that of the W3C's Server Timing, ``decode;dur=0.12, compute;dur=1.5``
in milliseconds; gRPC carries it as trailing metadata.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

KEY: Final = "server-timing"
"""Name of the HTTP header and of the gRPC metadata."""


def encode_timing(timing: Mapping[str, float]) -> str:
    """Return the header for seconds by stage, to the microsecond."""
    return ", ".join([f"{stage};dur={seconds * 1e3:.3f}" for stage, seconds in timing.items()])


def decode_timing(text: str | None) -> dict[str, float]:
    """Return seconds by stage; parts that cannot be read are left out."""
    timing: dict[str, float] = {}
    for part in (text or "").split(", "):  # quicker than a regular expression: each call does it
        stage, _, milliseconds = part.partition(";dur=")
        try:
            seconds = float(milliseconds) / 1e3
        except ValueError:
            continue
        if 0 <= seconds < math.inf:
            timing[stage] = seconds
    return timing
