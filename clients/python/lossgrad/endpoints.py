"""What the service can be asked, and how each question travels.

An `Endpoint` says all that a transport needs to know of a method, so that a
transport has one `send` for every method.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from lossgrad.codecs import json, proto
from lossgrad.types.info import InfoRequest, ServerInfo
from lossgrad.types.problem import Problem
from lossgrad.types.result import Result

Request = TypeVar("Request")
Reply = TypeVar("Reply")
Timing = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Endpoint(Generic[Request, Reply]):
    """One method of the service."""

    name: str
    """Its name among the handlers of a server in the same process."""
    rpc: str
    """Path of its gRPC method."""
    http_method: str
    http_path: str
    encode_proto: Callable[[Request], bytes]
    decode_proto: Callable[[bytes, Timing], Reply]
    encode_json: Callable[[Request], Any]
    """Gives the object of the HTTP body, or None where there is no body."""
    decode_json: Callable[[Any, Timing], Reply]


COMPUTE: Final[Endpoint[Problem, Result]] = Endpoint(
    name="compute",
    rpc="/lossgrad.v1.LossGradService/Compute",
    http_method="POST",
    http_path="/v1/compute",
    encode_proto=proto.encode_problem,
    decode_proto=proto.decode_result,
    encode_json=json.problem_to_json,
    decode_json=json.result_from_json,
)

INFO: Final[Endpoint[InfoRequest, ServerInfo]] = Endpoint(
    name="info",
    rpc="/lossgrad.v1.LossGradService/GetServerInfo",
    http_method="GET",
    http_path="/v1/info",
    encode_proto=proto.encode_info_request,
    decode_proto=proto.decode_info,
    encode_json=json.info_request_to_json,
    decode_json=json.info_from_json,
)
