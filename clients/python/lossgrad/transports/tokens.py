"""The token that a client shows with every call."""

from __future__ import annotations

import os
import re
from typing import Final

from lossgrad.errors import InvalidArgument
from lossgrad.transports.target import Target

VARIABLE: Final = "LOSSGRAD_TOKEN"

_TOKEN: Final = re.compile(r"[!-~]{1,512}")


def read_token(target: Target, token: object) -> str | None:
    """Return the token to show, by default that of ``LOSSGRAD_TOKEN``; None where there is none.

    Raises
    ------
    InvalidArgument
        With the field ``token``, where it cannot be one, or others could read it on its
        way; the token itself is never in the message.
    """
    chosen = os.environ.get(VARIABLE) or None if token is None else token
    if chosen is None:
        return None
    if not isinstance(chosen, str) or not _TOKEN.fullmatch(chosen):
        raise InvalidArgument.at(
            "token", f"(or {VARIABLE}) must be 1 to 512 characters of ASCII without spaces"
        )
    if not target.is_private:
        raise InvalidArgument.at(
            "token",
            f"(or {VARIABLE}) would travel in plain text to {target.address}, where others can "
            "read it; use a grpcs:// or https:// target",
        )
    return chosen
