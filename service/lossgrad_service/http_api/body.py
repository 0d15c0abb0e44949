"""Reading a request's body: its media type first, then no more bytes than allowed."""

from __future__ import annotations

from email.message import Message

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from lossgrad.errors import Cancelled, TooLarge

_MEDIA_TYPE = "application/json"
_PLAIN = "identity"
_CHARSETS = ("utf-8", "utf8")


def check_media_type(request: Request) -> None:
    """Raise 415 unless the body is declared as plain ``application/json`` in UTF-8."""
    sent = Message()
    sent["content-type"] = request.headers.get("content-type", "")
    charset = str(sent.get_param("charset") or _CHARSETS[0])
    if sent.get_content_type() != _MEDIA_TYPE or charset.lower() not in _CHARSETS:
        raise HTTPException(415, f"the body must be {_MEDIA_TYPE} in UTF-8; set content-type so")
    coding = request.headers.get("content-encoding") or _PLAIN
    if coding.strip().lower() != _PLAIN:
        raise HTTPException(
            415,
            f"the body must come as it is, not in content-encoding {coding}; do not compress it",
        )


async def read_body(request: Request, limit: int) -> bytearray:
    """Return the body of a request.

    Raises
    ------
    TooLarge
        Where it is declared, or turns out, to be longer than `limit` bytes. A
        declared one is refused before any of it is read.
    Cancelled
        Where the caller went away.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise _too_large(limit)
    except ClientDisconnect:
        raise Cancelled("the caller went away before its body was complete") from None
    return body


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"the body has more than max_request_bytes = {limit} bytes; send fewer rows at a time, "
        "or arrays in base64",
        limit="max_request_bytes",
    )
