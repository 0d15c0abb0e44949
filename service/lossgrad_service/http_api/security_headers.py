"""Headers that keep browsers from doing more with an answer than read it."""

from __future__ import annotations

from typing import Final

SECURITY_HEADERS: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""Of every answer; one that has such a header of its own, as a page has, keeps that."""


def secure(headers: list[tuple[bytes, bytes]]) -> None:
    """Add to the headers of an answer those of `SECURITY_HEADERS` that it lacks."""
    own = {name for name, _ in headers}
    headers.extend(header for header in SECURITY_HEADERS if header[0] not in own)
