"""Request ids: what a caller may send, and what is made up otherwise."""

from __future__ import annotations

import re
from uuid import uuid4

HEADER = "x-request-id"
"""Name of the HTTP header and of the gRPC metadata key, in and out."""

_ACCEPTED = re.compile(r"[\x21-\x7e]{1,128}")


def accept_request_id(sent: str | None) -> str:
    """Return the caller's id if it is 1 to 128 visible ASCII characters, or a new one.

    An id is written to logs and headers, so line breaks and control characters in
    it would forge both.
    """
    return sent if sent is not None and _ACCEPTED.fullmatch(sent) else uuid4().hex
