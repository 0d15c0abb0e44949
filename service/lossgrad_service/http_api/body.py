"""Reading a request's body: its media type first, then no more bytes than allowed."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from lossgrad.errors import Cancelled, TooLarge

_MEDIA_TYPE = "application/json"
_PLAIN = ("", "identity")
_GZIP = ("gzip", "x-gzip")
_CHARSETS = ("charset=utf-8", "charset=utf8", 'charset="utf-8"', 'charset="utf8"')
_LONGEST = 256
"""Most characters of a media type with its parameters."""


def check_media_type(request: Request) -> None:
    """Raise 415 unless the body is declared as ``application/json`` in UTF-8."""
    sent = request.headers.get("content-type", "")
    if len(sent) > _LONGEST or not _is_json(sent):
        raise HTTPException(415, f"the body must be {_MEDIA_TYPE} in UTF-8; set content-type so")


def _is_json(sent: str) -> bool:
    kind, *parameters = (part.strip() for part in sent.lower().split(";"))
    charsets = [part for part in parameters if part.startswith("charset")]
    return kind == _MEDIA_TYPE and all(charset in _CHARSETS for charset in charsets)


def is_gzip(request: Request) -> bool:
    """Return whether the body is declared as gzip; raise 415 where as another coding."""
    sent = ", ".join(request.headers.getlist("content-encoding"))
    coding = sent.strip().lower()
    if coding not in _PLAIN + _GZIP:
        raise HTTPException(
            415,
            f"the body must come as it is or in gzip, not in content-encoding {sent}",
            headers={"accept-encoding": "gzip"},
        )
    return coding in _GZIP


def declared_length(request: Request, limit: int) -> int | None:
    """Return the bytes that the body is declared to have; None where it comes in chunks.

    Raises
    ------
    TooLarge
        Where they are more than `limit`.
    """
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal():
        return None
    if int(declared) > limit:
        raise too_large(f"has {declared} bytes,", limit)
    return int(declared)


async def read_body(request: Request, limit: int) -> bytearray:
    """Return the body of a request, as it was sent.

    Raises
    ------
    TooLarge
        Where it turns out to be longer than `limit` bytes.
    Cancelled
        Where the caller went away.
    """
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise too_large("has", limit)
    except ClientDisconnect:
        raise Cancelled("the caller went away before its body was complete") from None
    return body


def too_large(found: str, limit: int) -> TooLarge:
    """Return the error for a body that has, or by some other verb comes to, too many bytes."""
    return TooLarge(
        f"the body {found} more than max_request_bytes = {limit}; send fewer rows at a time, "
        "or arrays in base64",
        limit="max_request_bytes",
    )
