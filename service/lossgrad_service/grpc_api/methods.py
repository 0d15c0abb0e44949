"""The methods of the service on the bytes of gRPC messages: decode, compute, encode."""

from __future__ import annotations

from typing import Final

from lossgrad.codecs import proto
from lossgrad.types import Problem, Result
from lossgrad_service.calls import Call, Method, Service, is_quick

COMPUTE: Final[Method[bytes, Problem, Result]] = Method(
    decode=proto.decode_problem,
    compute=Service.compute,
    encode=proto.encode_result,
    answer_bytes=Service.answer_bytes,
    small_bytes=2 * 2**20,
    is_quick=is_quick,
)
"""Answers a ComputeRequest by a ComputeResponse."""


def get_server_info(service: Service, message: bytes, call: Call) -> bytes:
    """Answer a GetServerInfoRequest by a GetServerInfoResponse."""
    with call.watch.stage("decode"):
        request = proto.decode_info_request(message)
    with call.watch.stage("encode"):
        return proto.encode_info(service.info(request))
