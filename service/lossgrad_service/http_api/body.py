"""Reading a request's body: its media type first, then no more bytes than allowed."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from lossgrad.errors import Cancelled, TooLarge
from lossgrad_service.http_api.coding import Coding

_MEDIA_TYPE = "application/json"
_BYTES = "application/octet-stream"
_PLAIN = ("", "identity")
_CHARSETS = ("charset=utf-8", "charset=utf8", 'charset="utf-8"', 'charset="utf8"')
_LONGEST = 256
"""Most characters of a media type with its parameters."""


def check_media_type(request: Request) -> None:
    """Raise 415 unless the body is declared as ``application/json`` in UTF-8."""
    sent = request.headers.get("content-type", "")
    if len(sent) > _LONGEST or not _is_json(sent):
        raise HTTPException(415, f"the body must be {_MEDIA_TYPE} in UTF-8; set content-type so")


def check_inference_type(request: Request) -> None:
    """Raise 415 where the body of an inference is declared as what it cannot be."""
    sent = request.headers.get("content-type", "")
    if sent and sent.lower() != _BYTES and (len(sent) > _LONGEST or not _is_json(sent)):
        text = f"the body must be {_MEDIA_TYPE} in UTF-8, or {_BYTES} where tensors follow it"
        raise HTTPException(415, text)


def _is_json(sent: str) -> bool:
    kind, *parameters = (part.strip() for part in sent.lower().split(";"))
    charsets = [part for part in parameters if part.startswith("charset")]
    return kind == _MEDIA_TYPE and all(charset in _CHARSETS for charset in charsets)


def coding_of(request: Request, taken: Mapping[str, Coding]) -> Coding | None:
    """Return how the body is declared to be compressed, None where it comes as it is.

    Another coding than those that are taken, by what HTTP calls them, is a 415.
    """
    sent = ", ".join(request.headers.getlist("content-encoding"))
    name = sent.strip().lower()
    if name in _PLAIN:
        return None
    if name not in taken:
        names = list(dict.fromkeys(coding.name for coding in taken.values()))
        text = f"the body must come as it is or in {' or '.join(names)}"
        raise HTTPException(
            415,
            f"{text}, not in content-encoding {sent}",
            headers={"accept-encoding": ", ".join(names)},
        )
    return taken[name]


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
        "or arrays in base64, or as bytes beneath /v2",
        limit="max_request_bytes",
    )
