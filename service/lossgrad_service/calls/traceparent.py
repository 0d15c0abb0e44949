"""W3C Trace Context: the trace that a caller says its call is part of."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

HEADER: Final = "traceparent"
"""Name of the HTTP header and of the gRPC metadata key."""

_LONGEST: Final = 256
"""Version 00 has 55 characters; later ones may have more, but not without end."""

_FORM: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-[!-~]*)?")


class Trace(NamedTuple):
    """A trace, and the caller's span in it."""

    trace_id: str
    span_id: str


def trace_in(traceparent: str | None) -> Trace | None:
    """Return the trace that a ``traceparent`` names; None where it is none, or not well formed.

    Nobody is refused for it: the specification has what is malformed ignored.
    """
    if traceparent is None or len(traceparent) > _LONGEST:
        return None
    match = _FORM.fullmatch(traceparent)
    if match is None:
        return None
    version, trace_id, span_id, more = match.groups()
    if not _is_valid(version, more) or _is_zero(trace_id) or _is_zero(span_id):
        return None
    return Trace(trace_id, span_id)


def _is_valid(version: str, more: str | None) -> bool:
    """Return whether there is such a version: 00 has no more than it has, ff never is."""
    return version != "ff" and (version != "00" or more is None)


def _is_zero(identifier: str) -> bool:
    """Return whether an id is the one that stands for none."""
    return not identifier.strip("0")
