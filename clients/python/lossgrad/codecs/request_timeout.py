"""How long a caller over HTTP waits for its answer, sent with the request.

The text is a number of seconds, ``2.5``. gRPC has this built in.
"""

from __future__ import annotations

import math
import re
from typing import Final

from lossgrad.errors import InvalidArgument

HEADER: Final = "x-request-timeout"
"""Name of the HTTP header."""

_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def encode_timeout(seconds: float) -> str:
    """Return the header for some seconds, to the millisecond."""
    return f"{seconds:.3f}"


def decode_timeout(text: str | None) -> float:
    """Return the seconds; infinite without a header.

    Raises
    ------
    InvalidArgument
        Where the text is no such number.
    """
    if text is None:
        return math.inf
    if _SECONDS.fullmatch(text) is None:
        raise InvalidArgument.at(HEADER, f"must be a number of seconds, such as 2.5, got {text!r}")
    return float(text)
