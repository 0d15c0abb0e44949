"""Request ids: what a caller may send, and what is made up otherwise."""

from __future__ import annotations

import re
from random import getrandbits

HEADER = "x-request-id"
"""Name of the HTTP header and of the gRPC metadata key, in and out."""

_ACCEPTED = re.compile(r"[\x21-\x7e]{1,128}")


def accept_request_id(sent: str | None) -> str:
    """Return the caller's id if it is 1 to 128 visible ASCII characters, or a new one.

    An id is written to logs and headers, so line breaks and control characters in
    it would forge both. A new one need not be a secret, only unlike all others.
    """
    return sent if sent is not None and _ACCEPTED.fullmatch(sent) else f"{getrandbits(128):032x}"
