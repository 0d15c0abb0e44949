"""Why a text is no JSON, for whoever wrote it."""

from __future__ import annotations

from json import JSONDecodeError
from typing import Final

from lossgrad.codecs.json_arrays import NONFINITE

_BARE: Final = ("nan", "inf")
"""How numbers begin that JSON does not have, in small letters."""


def reason(error: JSONDecodeError) -> str:
    """Return what is wrong with a text and where, and what to do about a bare NaN."""
    text = f"{error.msg} (line {error.lineno}, column {error.colno})"
    if not error.doc[error.pos : error.pos + 3].lower().startswith(_BARE):
        return text
    return f"{text}; numbers that are not finite go in quotes: {', '.join(map(_quoted, NONFINITE))}"


def _quoted(spelling: str) -> str:
    return f'"{spelling}"'
