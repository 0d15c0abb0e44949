"""What callers are told where Ray lost the replica that had their call, or could not reach it.

A computation is pure, so that such a call may be made again: it ends as `Unavailable`.
"""

from __future__ import annotations

from typing import Final

from lossgrad.errors import Busy, Unavailable

LOST: Final = Unavailable("the replica that had the call is lost; call again")

FULL: Final = Busy("every replica has as many calls as Ray lets wait; call again")


def torn() -> Unavailable:
    """Return what ends a stream whose first message another replica had, to be raised."""
    return Unavailable(
        "the stream's first message is missing: it was not sent, or a replica that had it is lost; "
        "send the whole stream again"
    )
