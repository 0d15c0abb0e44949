"""The methods of the service on the bytes of gRPC messages: decode, compute, encode."""

from __future__ import annotations

from typing import Final

from lossgrad.codecs import proto, proto_checks
from lossgrad.types import Check, CheckRequest, Problem, Result
from lossgrad_service.calls import Call, Method, Service, is_quick, never_quick

SMALL: Final = 2 * 2**20
"""Bytes of a message, and of an answer, that are copied in about a millisecond."""


def _is_small(message: bytes) -> bool:
    return len(message) <= SMALL


COMPUTE: Final[Method[bytes, Problem, Result, bytes]] = Method(
    decode=proto.decode_problem,
    compute=Service.compute,
    encode=proto.encode_result,
    problem_of=lambda problem: problem,
    answer_bytes=Service.answer_bytes,
    is_small=_is_small,
    is_quick=is_quick,
    small_answer=2 * SMALL,
)
"""Answers a ComputeRequest by a ComputeResponse."""

CHECK: Final[Method[bytes, CheckRequest, Check, bytes]] = Method(
    decode=proto_checks.decode_check_request,
    compute=Service.check,
    encode=proto_checks.encode_check,
    problem_of=lambda request: request.problem,
    answer_bytes=Service.check_bytes,
    is_small=_is_small,
    is_quick=never_quick,
    small_answer=0,
)
"""Answers a CheckGradientsRequest by a CheckGradientsResponse."""


def get_server_info(service: Service, message: bytes, call: Call) -> bytes:
    """Answer a GetServerInfoRequest by a GetServerInfoResponse."""
    with call.watch.stage("decode"):
        request = proto.decode_info_request(message)
    with call.watch.stage("encode"):
        return proto.encode_info(service.info(request))
