"""The methods of the service on the bytes of HTTP bodies: decode, compute, encode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from lossgrad.codecs import json, json_checks
from lossgrad.codecs.json import Encoding, JsonCall
from lossgrad.types import Check, CheckRequest, InfoRequest, Result
from lossgrad_service.calls import Call, Deadline, Method, Service, is_quick, never_quick
from lossgrad_service.http_api.coding import Coding
from lossgrad_service.http_api.document import Document
from lossgrad_service.http_api.inflate import inflate
from lossgrad_service.http_api.request import read_call, read_check

SMALL_ANSWER: Final = 2**18
"""Bytes of text: ten thousand numbers or more, each written in some ten nanoseconds."""

TEXT: Final[dict[Encoding, int]] = {"list": 4, "base64": 2}
"""What text makes of a byte of an array, at most: 14 digits and signs of a float32."""


@dataclass(frozen=True, slots=True)
class _Reply:
    """A result, and how its caller wants its arrays."""

    result: Result
    encoding: Encoding


def _decode(document: Document) -> JsonCall:
    return read_call(document.text)


def _compute(service: Service, call: JsonCall, deadline: Deadline) -> _Reply:
    return _Reply(service.compute(call.problem, deadline), call.encoding)


def _encode(reply: _Reply) -> bytes:
    return to_text(json.result_to_json(reply.result, reply.encoding))


def _answer_bytes(service: Service, call: JsonCall) -> int:
    return TEXT[call.encoding] * service.answer_bytes(call.problem)


def _is_quick(call: JsonCall) -> bool:
    return is_quick(call.problem)


COMPUTE: Final[Method[Document, JsonCall, _Reply, bytes]] = Method(
    decode=_decode,
    compute=_compute,
    encode=_encode,
    problem_of=lambda call: call.problem,
    answer_bytes=_answer_bytes,
    is_small=Document.is_small,
    is_quick=_is_quick,
    small_answer=SMALL_ANSWER,
)
"""Answers the body of ``POST /v1/compute``."""

CHECK: Final[Method[Document, CheckRequest, Check, bytes]] = Method(
    decode=lambda document: read_check(document.text),
    compute=Service.check,
    encode=lambda check: to_text(json_checks.check_to_json(check)),
    problem_of=lambda request: request.problem,
    answer_bytes=Service.check_bytes,
    is_small=Document.is_small,
    is_quick=never_quick,
    small_answer=0,
)
"""Answers the body of ``POST /v1/check``."""


def unpack(body: bytearray, coding: Coding, limit: int, call: Call) -> bytearray:
    """Return what a compressed body holds; see `inflate`."""
    with call.watch.stage("decode"):
        return inflate(body, limit, call.deadline.check, coding)


def info(service: Service, call: Call) -> bytes:
    """Answer ``GET /v1/info``."""
    with call.watch.stage("encode"):
        return to_text(json.info_to_json(service.info(InfoRequest())))


def to_text(document: object) -> bytes:
    """Return a JSON document as text; arrays in it are finite and become nested lists."""
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
