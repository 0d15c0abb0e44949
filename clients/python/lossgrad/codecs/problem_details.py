"""Errors as RFC 9457 problem details, both ways.

The body of an error answer over HTTP is an object with ``type``, ``title``,
``status``, ``detail`` and, where they apply, ``errors`` (a list of ``pointer`` and
``detail``), ``limit``, ``retry_after`` (seconds) and ``request_id``. Its text stays
under 4 KB.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from lossgrad.codecs.pointers import to_field, to_pointer
from lossgrad.codecs.retry_hints import read_seconds
from lossgrad.codecs.text import fit, fit_violations
from lossgrad.errors import (
    Busy,
    Internal,
    InvalidArgument,
    LossGradError,
    TooLarge,
    Unavailable,
    Violation,
    error_for_http,
    status_of,
)

MEDIA_TYPE: Final = "application/problem+json"


def encode_problem_details(error: LossGradError, *, status: int | None = None) -> dict[str, Any]:
    """Return the body for `error`.

    Parameters
    ----------
    error : LossGradError
        The error; its texts are cut to fit.
    status : int, optional
        The HTTP status where it is another of the class's, such as 405.
    """
    row = status_of(error)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", row.error.__name__)
    body = {
        "type": f"urn:lossgrad:error:{words.lower().replace(' ', '-')}",
        "title": words.capitalize(),
        "status": status or row.http_status,
        "detail": fit(error.message),
    }
    return body | _extensions(error)


def decode_problem_details(
    status: int, body: object, *, retry_after: float | None = None
) -> LossGradError:
    """Return the error that an HTTP answer stands for, from whatever server or proxy it comes.

    Parameters
    ----------
    status : int
        The HTTP status.
    body : object
        The parsed JSON body, or None where there was none.
    retry_after : float, optional
        Seconds that a Retry-After header states; the body's own word comes first. Of
        either, what makes no sense is passed over.
    """
    said = _as_object(body)
    kind = error_for_http(status)
    message = str(said.get("detail") or f"the server answered HTTP {status}")
    if kind is InvalidArgument:
        return InvalidArgument(message, violations=_read_violations(said.get("errors")))
    if kind is TooLarge:
        return TooLarge(message, limit=str(said.get("limit", "")))
    if kind is Busy or kind is Unavailable:
        seconds = read_seconds(said.get("retry_after")) or read_seconds(retry_after)
        return kind(message, retry_after=seconds)
    if kind is Internal:
        return Internal(message, request_id=str(said.get("request_id", "")))
    return kind(message)


def _extensions(error: LossGradError) -> dict[str, Any]:
    if isinstance(error, InvalidArgument) and error.violations:
        fitted = fit_violations(error.violations)
        return {"errors": [{"pointer": to_pointer(v.field), "detail": v.detail} for v in fitted]}
    if isinstance(error, TooLarge):
        return {"limit": error.limit}
    if error.retry_after:
        return {"retry_after": error.retry_after}
    if isinstance(error, Internal) and error.request_id:
        return {"request_id": error.request_id}
    return {}


def _as_object(body: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], body) if isinstance(body, dict) else {}


def _read_violations(errors: object) -> list[Violation]:
    if not isinstance(errors, list):
        return []
    entries = (
        cast(Mapping[str, Any], e) for e in cast(list[object], errors) if isinstance(e, dict)
    )
    return [
        Violation(to_field(str(e.get("pointer", ""))), str(e.get("detail", ""))) for e in entries
    ]
