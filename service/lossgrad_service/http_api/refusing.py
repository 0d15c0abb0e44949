"""Errors in the form of the protocol that a path belongs to."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Scope

from lossgrad.codecs.text import fit
from lossgrad.errors import LossGradError, status_of
from lossgrad_service.http_api.methods import to_text
from lossgrad_service.http_api.open_inference.paths import is_of_inference
from lossgrad_service.http_api.problems import headers_of, problem_response


def refusal(scope: Scope, error: LossGradError, status: int | None = None) -> Response:
    """Return the answer for `error`, with `status` where it is not the usual one of its class.

    It is a problem document, and beneath ``/v2`` what the Open Inference Protocol has for one.
    """
    if not is_of_inference(scope["path"]):
        return problem_response(error, status)
    body = to_text({"error": fit(error.message)})
    chosen = status or status_of(error).http_status
    return Response(body, chosen, headers_of(error), "application/json")
