"""Whether the server speaks what the target says: gRPC or HTTP."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from lossgrad_service.cli.doctor.dialects import GRPC, HTTP, Dialect, speaks, speaks_tls
from lossgrad_service.cli.doctor.findings import Finding, well, wrong
from lossgrad_service.cli.doctor.patient import Patient
from lossgrad_service.cli.doctor.places import told
from lossgrad_service.cli.doctor.silence import silent
from lossgrad_service.cli.telling import FAILED

_OTHERS = {"grpc": (GRPC, HTTP), "http": (HTTP, GRPC)}
"""What a kind of target is to speak, and what a port that was mixed up with its own does."""

_ADVICE = {
    "HTTP": "this is the HTTP port: call http:// (https:// over TLS), or give the port of gRPC "
    "(50051 unless it was set)",
    "gRPC": "this is the gRPC port: call grpc:// (grpcs:// over TLS), or give the port of HTTP "
    "(8080 unless it was set)",
}


def tell_protocol(patient: Patient) -> Iterator[Finding]:
    """Say the first bytes of the protocol, and of others where they are not understood."""
    if not patient.is_dialled:
        return
    expected, other = _OTHERS[patient.target.kind]
    try:
        if speaks(patient, expected):
            yield well("protocol", expected.name)
        else:
            yield _mixed_up(patient, expected, other)
    except ssl.SSLError as error:
        yield _refused(error)
    except TimeoutError:
        yield silent("protocol", patient)


def _mixed_up(patient: Patient, expected: Dialect, other: Dialect) -> Finding:
    place = told(patient.target)
    if speaks(patient, other):
        text = f"{place} speaks {other.name}, not {expected.name}"
        return wrong("protocol", text, _ADVICE[other.name])
    if not patient.target.is_secure and speaks_tls(patient):
        advice = "call grpcs:// or https://, with --tls-ca if its authority is a private one"
        return wrong("protocol", f"{place} speaks TLS only", advice)
    advice = "see that the port is lossgrad's"
    if patient.target.is_secure:
        advice = f"it may want a certificate of yours that it trusts (--tls-cert); else {advice}"
    return wrong("protocol", f"{place} hangs up on {expected.name}", advice)


def _refused(error: ssl.SSLError) -> Finding:
    advice = "give a certificate of an authority that it trusts: --tls-cert, and --tls-key"
    return wrong("TLS", f"the server refuses our certificate: {error.reason}", advice, FAILED)
