"""The methods of the service on the bytes of gRPC messages: decode, call, encode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from lossgrad.codecs import proto
from lossgrad.types import InfoRequest
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


def get_server_info(service: Service, _message: bytes, watch: Stopwatch) -> bytes:
    """Answer a GetServerInfoRequest, which asks for nothing in particular."""
    with watch.stage("encode"):
        return proto.encode_info(service.info(InfoRequest()))


METHODS: Mapping[str, Method] = {"Compute": compute, "GetServerInfo": get_server_info}
"""Methods by their name in the proto."""
