"""The endpoints of the service behind one method: what is sent, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import urllib3
from google.rpc import error_details_pb2, status_pb2

import lossgrad
from lossgrad.codecs.pointers import to_field
from lossgrad.codecs.wire import LENGTH, bytes_field, tag
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.running import PATIENCE_SECONDS
from tests.security.rows import BASE64, CLIENT, GRPC, LISTS, STREAM, Body

COMPUTE = "/lossgrad.v1.LossGradService/Compute"
COMPUTE_STREAM = "/lossgrad.v1.LossGradService/ComputeStream"
CHECK = "/lossgrad.v1.LossGradService/CheckGradients"

_PROBLEM = tag(1, LENGTH)
"""Of the field that holds the problem of a check."""


@dataclass(frozen=True)
class Answer:
    """What a call ended with."""

    code: str | int
    """OK or another gRPC status, an HTTP status, or the name of the client's error."""
    named: tuple[str, ...] = ()
    """Fields of what is wrong, or the limit that is exceeded."""
    text: str = ""
    """All that is said of it."""
    longest: int = 0
    """Bytes of the longest text."""
    size: int = 0
    """Bytes of the whole, where it is an error."""
    loss: float = 0.0


class Endpoints:
    """Calls by endpoint of one server; used by one thread."""

    rpc, path, reply = COMPUTE, "/v1/compute", pb.ComputeResponse

    def __init__(self, addresses: dict[str, str]) -> None:
        self._channel = grpc.insecure_channel(addresses["gRPC"])
        self._unary = self._channel.unary_unary(self.rpc)
        self._stream = self._channel.stream_stream(COMPUTE_STREAM)
        self._http = urllib3.PoolManager(retries=False, timeout=PATIENCE_SECONDS)
        self._url = addresses["HTTP"] + self.path
        self._client = lossgrad.Client(addresses["gRPC"])

    def send(self, endpoint: str, payload: Any) -> Answer:
        """Return the answer of an endpoint to what it is sent."""
        senders: dict[str, Callable[[Any], Answer]] = {
            GRPC: self._send_unary,
            STREAM: self._send_stream,
            LISTS: self._post,
            BASE64: self._post,
            CLIENT: self._call,
        }
        return senders[endpoint](payload)

    def send_compressed(self, message: bytes, compression: grpc.Compression) -> Answer:
        """Return the answer to a request that travels compressed."""
        try:
            reply = self._unary(message, timeout=PATIENCE_SECONDS, compression=compression)
        except grpc.RpcError as error:
            return of_rpc_error(error)
        return Answer("OK", loss=self.reply.FromString(reply).loss)

    def close(self) -> None:
        """Close all connections."""
        self._channel.close()
        self._http.clear()
        self._client.close()

    def _send_unary(self, message: bytes) -> Answer:
        return self.send_compressed(message, grpc.Compression.NoCompression)

    def _send_stream(self, messages: Sequence[bytes]) -> Answer:
        try:
            *_, last = self._stream(iter(messages), timeout=PATIENCE_SECONDS)
        except grpc.RpcError as error:
            return of_rpc_error(error)
        return Answer("OK", loss=pb.ComputeStreamResponse.FromString(last).closing.loss)

    def _post(self, body: Body) -> Answer:
        reply = self._http.request("POST", self._url, body=body.content, headers=body.headers)
        document = reply.json()
        if reply.status == 200:
            return Answer(200, loss=document["loss"])
        assert reply.headers["content-type"] == "application/problem+json"
        errors = document.get("errors", [])
        limit = [document["limit"]] if "limit" in document else []
        texts = [document["detail"], *(error["detail"] for error in errors)]
        return Answer(
            reply.status,
            (*(to_field(error["pointer"]) for error in errors), *limit),
            "\n".join(texts),
            max(len(text.encode()) for text in texts),
            len(reply.data),
        )

    @staticmethod
    def _loss_of(client: lossgrad.Client, arguments: dict[str, Any]) -> float:
        return client.compute(**arguments).loss

    def _call(self, arguments: dict[str, Any]) -> Answer:
        try:
            return Answer("OK", loss=self._loss_of(self._client, arguments))
        except lossgrad.LossGradError as error:
            named = [v.field for v in getattr(error, "violations", ())]
            limit = [error.limit] if isinstance(error, lossgrad.TooLarge) else []
            return Answer(type(error).__name__, (*named, *limit), error.message)


class Checking(Endpoints):
    """The same calls as checks: what is a ComputeRequest stands in one for a check."""

    rpc, path, reply = CHECK, "/v1/check", pb.CheckGradientsResponse

    def _send_unary(self, message: bytes) -> Answer:
        return super()._send_unary(bytes_field(_PROBLEM, message))

    @staticmethod
    def _loss_of(client: lossgrad.Client, arguments: dict[str, Any]) -> float:
        return client.check(**arguments).loss


def of_rpc_error(error: Any) -> Answer:
    """Return the answer that gRPC raises."""
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    named = _named(status_pb2.Status.FromString(details))
    text = error.details() or ""
    return Answer(
        error.code().name,
        tuple(named),
        "\n".join([text, *named.values()]),
        max(len(each.encode()) for each in (text, *named.values())),
        len(text.encode()) + len(details),
    )


def _named(status: status_pb2.Status) -> dict[str, str]:
    request, info = error_details_pb2.BadRequest(), error_details_pb2.ErrorInfo()
    for detail in status.details:
        detail.Unpack(request)
        detail.Unpack(info)
    violations = {v.field: v.description for v in request.field_violations}
    return {**violations, **dict.fromkeys(info.metadata.values(), "")}
