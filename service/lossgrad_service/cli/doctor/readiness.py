"""Whether the service takes calls: ``/readyz``, or gRPC health."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from lossgrad.endpoints import Endpoint, Timing
from lossgrad.errors import Internal, Unavailable, Unimplemented
from lossgrad_service.cli.doctor.findings import Finding, doubtful, well, wrong
from lossgrad_service.cli.doctor.patient import Patient


def _decode_status(data: bytes, _timing: Timing) -> bool:
    return HealthCheckResponse.FromString(data).status == HealthCheckResponse.SERVING


READY: Final[Endpoint[None, bool]] = Endpoint(
    name="ready",
    rpc="/grpc.health.v1.Health/Check",
    http_method="GET",
    http_path="/readyz",
    encode_proto=lambda _: HealthCheckRequest().SerializeToString(),
    decode_proto=_decode_status,
    encode_json=lambda _: None,
    decode_json=lambda body, _: body == {"status": "ready"},
    in_process=lambda request: request,
    exchange=lambda _: None,
)

_WAIT: Final = "it is starting or was told to stop: wait, and look at its log"


def tell_readiness(patient: Patient) -> Iterator[Finding]:
    """Ask the service whether it is ready, which needs no key."""
    if patient.target.kind == "local":
        return
    try:
        is_ready = patient.transport.send(READY, None, patient.timeout)
    except (Unimplemented, Internal):
        advice = "see that the target, and its path over HTTP, is lossgrad's"
        yield doubtful("readiness", "the server does not tell whether it is ready", advice)
    except Unavailable as error:
        yield wrong("readiness", error.message, _WAIT)
    else:
        yield well("readiness", "takes calls") if is_ready else _not_ready()


def _not_ready() -> Finding:
    return wrong("readiness", "the service does not take calls now", _WAIT)
