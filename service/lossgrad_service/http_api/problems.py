"""Errors as problem documents."""

from __future__ import annotations

import math

from starlette.responses import Response

from lossgrad.codecs.problem_details import MEDIA_TYPE, encode_problem_details
from lossgrad.errors import LossGradError, Unauthenticated
from lossgrad_service.http_api.methods import to_text


def problem_response(error: LossGradError, status: int | None = None) -> Response:
    """Return the answer for `error`, with `status` where it is not the usual one of its class."""
    body = encode_problem_details(error, status=status)
    return Response(to_text(body), body["status"], headers_of(error), MEDIA_TYPE)


def headers_of(error: LossGradError) -> dict[str, str]:
    """Return what HTTP itself wants to be told with an error."""
    if error.retry_after is not None:
        return {"retry-after": str(math.ceil(error.retry_after))}
    if isinstance(error, Unauthenticated):
        return {"www-authenticate": "Bearer"}
    return {}
