"""Error texts cut to what may travel.

gRPC sends them in trailing metadata, of which 8 KiB may arrive; a caller's own
words (the name of an unknown key, say) can be of any length and hold anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lossgrad.errors import MAX_DETAIL_CHARACTERS, Violation

MAX_FIELD_BYTES: Final = 64
"""Longest field path that travels."""

MAX_VIOLATIONS_BYTES: Final = 2048
"""Most bytes of paths and texts that the violations of one error have together."""


def fit(text: str, limit: int = MAX_DETAIL_CHARACTERS) -> str:
    """Return `text` printable and of at most `limit` bytes of UTF-8, cut with an ellipsis."""
    text = text[: limit + 1]  # enough to see that it is too long
    if not text.isprintable():
        text = "".join(character if character.isprintable() else "\ufffd" for character in text)
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    ellipsis = "…".encode()
    return (encoded[: limit - len(ellipsis)] + ellipsis).decode(errors="ignore")


def fit_violations(violations: Sequence[Violation]) -> list[Violation]:
    """Return `violations` with texts cut so that all of them travel.

    Short ones stay whole, and what they leave over goes to the longer ones.
    """
    fields = [fit(violation.field, MAX_FIELD_BYTES) for violation in violations]
    left = MAX_VIOLATIONS_BYTES - sum(len(field.encode()) for field in fields)
    details = [fit(violation.detail) for violation in violations]
    by_length = sorted(range(len(details)), key=lambda index: len(details[index].encode()))
    for done, index in enumerate(by_length):
        details[index] = fit(details[index], left // (len(details) - done))
        left -= len(details[index].encode())
    return [Violation(*pair) for pair in zip(fields, details, strict=True)]
