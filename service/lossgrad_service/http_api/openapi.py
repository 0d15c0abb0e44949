"""What OpenAPI says of each path; the documents' schemas are the models of `schemas`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from lossgrad.codecs.problem_details import MEDIA_TYPE as PROBLEM_TYPE
from lossgrad.codecs.request_timeout import HEADER
from lossgrad_service.http_api import schemas
from lossgrad_service.http_api.check_examples import CHECKS
from lossgrad_service.http_api.examples import EXAMPLES, Example
from lossgrad_service.http_api.inflate import FREE_BYTES, MAX_EXPANSION

Object = dict[str, Any]

DESCRIPTION = """\
A batch of scores (or activations and weights) and labels goes in; the loss and its exact \
gradients come out. The same call over gRPC gives the same bits.

Arrays are nested lists of numbers or base64 objects, which are far faster and exact in every \
dtype. Numbers that are not finite are the strings "NaN", "Infinity" and "-Infinity". Every error \
is an `application/problem+json` document; a path or method that does not exist is 404 or 405.

A request may come in gzip, which is of use on slow networks only; answers never do.
"""

_REFERENCE = "#/components/schemas/{model}"

_PROBLEMS = {
    400: "InvalidArgument: the inputs are wrong; errors tells which and why.",
    401: "Unauthenticated: the server asks for a key, and none of its keys came with the call.",
    404: "Unimplemented: this server has no such path.",
    408: "DeadlineExceeded: the request came too slowly.",
    413: "TooLarge: a limit of /v1/info is exceeded; limit names it.",
    415: "Unimplemented: the body is not declared as application/json in UTF-8, plain or in gzip.",
    429: "Busy: not admitted now; safe to retry after Retry-After seconds.",
    431: "TooLarge: the request has too many headers, or too large ones.",
    500: "Internal: a bug; the server's log has the cause under request_id.",
    503: "Unavailable: starting, draining, or without room; safe to retry.",
    504: "DeadlineExceeded: the time allowed ran out.",
}


def add_schemas(app: FastAPI) -> None:
    """Complete the document of `app`, whose paths refer to the schemas by name."""
    app.openapi()["components"] = {"schemas": _schemas(), "securitySchemes": _KEY}


def _schemas() -> Object:
    answers = (
        schemas.ComputeAnswer,
        schemas.CheckAnswer,
        schemas.Info,
        schemas.State,
        schemas.Problem,
    )
    requests = (schemas.ComputeRequest, schemas.CheckRequest)
    models: tuple[type[BaseModel], ...] = (*requests, *answers)
    _, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REFERENCE
    )
    return definitions["$defs"]


def _header(name: str, kind: str, description: str) -> Object:
    return {name: {"description": description, "schema": {"type": kind}}}


_REQUEST_ID = _header(
    "x-request-id",
    "string",
    "The caller's own x-request-id if that is 1 to 128 visible ASCII characters, or a new one; "
    "a bug is logged under it.",
)
_SERVER_TIMING = _header(
    "server-timing",
    "string",
    "Milliseconds spent in decode, compute and encode (W3C Server Timing).",
)
_RETRY_AFTER = _header("retry-after", "integer", "Seconds to wait before the next try.")
_WWW_AUTHENTICATE = _header("www-authenticate", "string", "Bearer: how a key is to be sent.")
_OWN_HEADERS = {401: _WWW_AUTHENTICATE, 429: _RETRY_AFTER, 503: _RETRY_AFTER}

_KEY: Object = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of the server's keys file; asked for where it has one.",
    }
}
_WITH_OR_WITHOUT_KEY: list[dict[str, list[str]]] = [{"key": []}, {}]


def _reference(model: type[BaseModel]) -> Object:
    return {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}


def _examples(examples: Mapping[str, Example], part: str) -> Object:
    shown = {
        name: {"summary": example.summary, "value": getattr(example, part)}
        for name, example in examples.items()
    }
    return {"examples": shown}


def _answer(description: str, model: type[BaseModel], **more: Any) -> Object:
    content = {"application/json": _reference(model) | more}
    return {"description": description, "headers": _REQUEST_ID, "content": content}


def _problems(*statuses: int) -> dict[int, Object]:
    return {status: _problem(status) for status in statuses}


def _problem(status: int) -> Object:
    return {
        "description": _PROBLEMS[status],
        "headers": _REQUEST_ID | _OWN_HEADERS.get(status, {}),
        "content": {PROBLEM_TYPE: _reference(schemas.Problem)},
    }


def _timed(answer: Object) -> Object:
    return answer | {"headers": _REQUEST_ID | _SERVER_TIMING}


def _body(model: type[BaseModel], examples: Mapping[str, Example]) -> Object:
    content = _reference(model) | _examples(examples, "request")
    return {"required": True, "content": {"application/json": content}}


_CONTENT_ENCODING: Object = {
    "name": "content-encoding",
    "in": "header",
    "description": "How the body is compressed: one gzip member, whose contents are within "
    f"max_request_bytes, and within {MAX_EXPANSION} times its size where they are over "
    f"{FREE_BYTES} bytes.",
    "schema": {"type": "string", "enum": ["identity", "gzip"], "default": "identity"},
}

_REQUEST_TIMEOUT: Object = {
    "name": HEADER,
    "in": "header",
    "description": "Seconds that the caller waits for its answer; then the server stops, too.",
    "schema": {"type": "number", "minimum": 0, "example": 2.5},
}


def _posted(body: Object, answer: Object) -> Object:
    """Return what there is to say of a path that takes a body and computes."""
    return {
        "tags": ["Losses"],
        "openapi_extra": {
            "parameters": [_CONTENT_ENCODING, _REQUEST_TIMEOUT],
            "requestBody": body,
            "security": _WITH_OR_WITHOUT_KEY,
        },
        "responses": {200: _timed(answer), **_problems(*_PROBLEMS)},
    }


COMPUTE: Object = {
    "operation_id": "compute",
    "summary": "The loss of one batch and its gradients",
    "description": "Exact, without state: the same request gives the same bits everywhere.",
    **_posted(
        _body(schemas.ComputeRequest, EXAMPLES),
        _answer(
            "The loss and what was asked for.",
            schemas.ComputeAnswer,
            **_examples(EXAMPLES, "answer"),
        ),
    ),
}

CHECK: Object = {
    "operation_id": "check",
    "summary": "What is wrong with one's own gradients of a batch",
    "description": "How far they are off the exact ones, where, and what mistake the difference "
    "looks like. The exact ones are verified on the way, by differences of the loss.",
    **_posted(
        _body(schemas.CheckRequest, CHECKS),
        _answer("What was found.", schemas.CheckAnswer, **_examples(CHECKS, "answer")),
    ),
}

INFO: Object = {
    "operation_id": "info",
    "tags": ["Server"],
    "summary": "Version, limits and capabilities",
    "description": "Costs nothing.",
    "openapi_extra": {"security": _WITH_OR_WITHOUT_KEY},
    "responses": {
        200: _timed(_answer("What this server is and what it takes.", schemas.Info)),
        **_problems(401, 429, 500),
    },
}

HEALTHZ: Object = {
    "operation_id": "healthz",
    "tags": ["Server"],
    "summary": "Is the process alive?",
    "description": "For liveness probes; true of a server that is draining too.",
    "responses": {200: _answer("It is.", schemas.State)},
}

READYZ: Object = {
    "operation_id": "readyz",
    "tags": ["Server"],
    "summary": "Does the server welcome calls?",
    "description": "For readiness probes and load balancers.",
    "responses": {200: _answer("It does.", schemas.State), **_problems(503)},
}
