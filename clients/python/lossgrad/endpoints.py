"""What the service can be asked, and how each question travels.

An `Endpoint` says all that a transport needs to know of a method, so that a
transport has one `send` for every method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from lossgrad.codecs import json, json_checks, proto, proto_checks
from lossgrad.compute_call import ComputeCall
from lossgrad.shared_exchange import exchange_of
from lossgrad.types.check import Check, CheckRequest
from lossgrad.types.info import InfoRequest, ServerInfo
from lossgrad.types.result import Result

Request = TypeVar("Request")
Reply = TypeVar("Reply")
Given = TypeVar("Given", covariant=True)
Timing = Mapping[str, float]


class Exchanging(Protocol[Given]):
    """A call whose request and reply travel as any number of messages; see `Exchange`."""

    rpc: str
    """Path of its gRPC method."""

    def messages(self) -> Iterator[bytes]:
        """Yield the messages to send."""
        ...

    def take(self, message: bytes) -> None:
        """Take in a message of the server."""
        ...

    def result(self, timing: Timing) -> Given:
        """Return the reply once the server has ended its side."""
        ...

    def close(self) -> None:
        """End it, however it went."""
        ...


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
    in_process: Callable[[Request], Any]
    """Gives what the handler of a server in the same process takes."""
    exchange: Callable[[Request], Exchanging[Reply] | None]
    """Begins a call that travels in pieces over gRPC; None where one message does."""


COMPUTE: Final[Endpoint[ComputeCall, Result]] = Endpoint(
    name="compute",
    rpc="/lossgrad.v1.LossGradService/Compute",
    http_method="POST",
    http_path="/v1/compute",
    encode_proto=lambda call: proto.encode_problem(call.problem),
    decode_proto=proto.decode_result,
    encode_json=lambda call: json.problem_to_json(call.problem),
    decode_json=json.result_from_json,
    in_process=lambda call: call.problem,
    exchange=exchange_of,
)

CHECK: Final[Endpoint[CheckRequest, Check]] = Endpoint(
    name="check",
    rpc="/lossgrad.v1.LossGradService/CheckGradients",
    http_method="POST",
    http_path="/v1/check",
    encode_proto=proto_checks.encode_check_request,
    decode_proto=proto_checks.decode_check,
    encode_json=json_checks.check_request_to_json,
    decode_json=json_checks.check_from_json,
    in_process=lambda request: request,
    exchange=lambda _: None,
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
    in_process=lambda request: request,
    exchange=lambda _: None,
)
