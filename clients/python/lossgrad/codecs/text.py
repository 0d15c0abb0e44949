"""Error texts cut to what may travel.

gRPC sends them in trailing metadata, of which 8 KiB may arrive; a caller's own
words (the name of an unknown key, say) can be of any length and hold anything.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from lossgrad.errors import MAX_DETAIL_CHARACTERS, Violation

MAX_FIELD_BYTES: Final = 64
"""Longest field path that travels."""

MAX_VIOLATIONS_BYTES: Final = 2048
"""Most bytes of paths and texts that the violations of one error have together."""

_ELLIPSIS: Final = "…"

_ESCAPED: Final = frozenset('"\\/~')
"""Characters that become two in JSON, or in a JSON pointer."""


def fit(text: str, limit: int = MAX_DETAIL_CHARACTERS) -> str:
    """Return `text` printable and of at most `limit` bytes, escapes too, cut with an ellipsis."""
    text = text[: limit + 1]  # enough to see that it is too long
    if not text.isprintable():
        text = "".join(character if character.isprintable() else "\ufffd" for character in text)
    if size_of(text) <= limit:
        return text
    ends = list(accumulate(map(size_of, text)))
    return text[: bisect_right(ends, limit - size_of(_ELLIPSIS))] + _ELLIPSIS


def size_of(text: str) -> int:
    """Return the bytes of a text in UTF-8, with those by which JSON and its pointers escape."""
    return len(text.encode()) + sum(character in _ESCAPED for character in text)


def fit_violations(violations: Sequence[Violation]) -> list[Violation]:
    """Return `violations` with texts cut so that all of them travel.

    Short ones stay whole, and what they leave over goes to the longer ones.
    """
    fields = [fit(violation.field, MAX_FIELD_BYTES) for violation in violations]
    left = MAX_VIOLATIONS_BYTES - sum(map(size_of, fields))
    details = [fit(violation.detail) for violation in violations]
    by_length = sorted(range(len(details)), key=lambda index: size_of(details[index]))
    for done, index in enumerate(by_length):
        details[index] = fit(details[index], left // (len(details) - done))
        left -= size_of(details[index])
    return [Violation(*pair) for pair in zip(fields, details, strict=True)]
