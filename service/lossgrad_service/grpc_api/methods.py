"""The methods of the service on the bytes of gRPC messages: decode, call, encode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from lossgrad.codecs import proto
from lossgrad_service.calls import Service, Stopwatch

Method: TypeAlias = Callable[[Service, bytes, Stopwatch], bytes]


def compute(service: Service, message: bytes, watch: Stopwatch) -> bytes:
    """Answer a ComputeRequest by a ComputeResponse."""
    with watch.stage("decode"):
        problem = proto.decode_problem(message)
    with watch.stage("compute"):
        result = service.compute(problem)
    with watch.stage("encode"):
        return proto.encode_result(result)


def get_server_info(service: Service, message: bytes, watch: Stopwatch) -> bytes:
    """Answer a GetServerInfoRequest by a GetServerInfoResponse."""
    with watch.stage("decode"):
        request = proto.decode_info_request(message)
    with watch.stage("encode"):
        return proto.encode_info(service.info(request))


COMPUTING: Mapping[str, Method] = {"Compute": compute}
"""Methods that take a thread, by their name in the proto."""

TELLING: Mapping[str, Method] = {"GetServerInfo": get_server_info}
"""Methods that cost nothing, by their name in the proto."""
