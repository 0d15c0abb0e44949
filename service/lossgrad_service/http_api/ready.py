"""Whether the server takes calls, as probes are told."""

from __future__ import annotations

from lossgrad.errors import Unavailable
from lossgrad_service.calls import Readiness


def require_ready(readiness: Readiness) -> None:
    """Return where the server takes calls.

    Raises
    ------
    Unavailable
        While it is starting or draining.
    """
    if not readiness.is_ready:
        text = "send calls elsewhere, or once /readyz answers 200"
        raise Unavailable(f"the server is {readiness.state}; {text}")
