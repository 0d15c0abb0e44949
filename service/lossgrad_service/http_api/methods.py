"""The methods of the service on the bytes of HTTP bodies: decode, call, encode."""

from __future__ import annotations

from typing import TypeAlias

import orjson

from lossgrad.codecs import json
from lossgrad.types import InfoRequest
from lossgrad_service.calls import Service, Stopwatch
from lossgrad_service.http_api.request import read_call

Body: TypeAlias = bytes | bytearray


def compute(service: Service, body: Body, watch: Stopwatch) -> bytes:
    """Answer the body of ``POST /v1/compute``."""
    with watch.stage("decode"):
        call = read_call(body)
    with watch.stage("compute"):
        result = service.compute(call.problem)
    with watch.stage("encode"):
        return to_text(json.result_to_json(result, call.encoding))


def info(service: Service, watch: Stopwatch) -> bytes:
    """Answer ``GET /v1/info``."""
    with watch.stage("encode"):
        return to_text(json.info_to_json(service.info(InfoRequest())))


def to_text(document: object) -> bytes:
    """Return a JSON document as text; arrays in it are finite and become nested lists."""
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
