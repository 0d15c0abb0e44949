"""What fits into a server's limits of a check, whose arrays are one message.

Sizes are bytes of arrays, as in `limits`. The answer of a check is a few kilobytes; how much
a server computes for one is bounded by the server itself.
"""

from __future__ import annotations

from typing import Final

from lossgrad.types.check import CheckRequest
from lossgrad.types.info import Limits
from lossgrad.types.limits import hold, text_bytes

ADVICE: Final = (
    "a check is one message and never a stream; check some hundred rows, which show the same "
    "mistakes"
)


def check_message(request: CheckRequest, limits: Limits) -> None:
    """Check a request whose arrays travel in a protobuf message.

    Raises
    ------
    TooLarge
        Which limit is exceeded, by what, and what to do about it.
    """
    hold(limits, "max_request_bytes", "the arrays have", request.request_bytes, ADVICE)


def check_text(request: CheckRequest, limits: Limits) -> None:
    """Check a request that is a text, with arrays in base64.

    Raises
    ------
    TooLarge
        As `check_message`.
    """
    size = text_bytes((*request.problem.inputs.values(), *request.own.values()))
    hold(limits, "max_request_bytes", "the arrays have in base64", size, ADVICE)


def check_arrays(request: CheckRequest, limits: Limits) -> None:
    """Check a request that does not travel.

    Raises
    ------
    TooLarge
        As `check_message`.
    """
    hold(limits, "max_stream_bytes", "the arrays have", request.request_bytes, ADVICE)
