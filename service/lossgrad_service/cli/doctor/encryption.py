"""Whether others can read along: TLS, and the certificate of the server."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from lossgrad_service.cli.doctor.certificates import Certificate, untrusted_certificate
from lossgrad_service.cli.doctor.dialects import speaks_plainly
from lossgrad_service.cli.doctor.figures import told_count
from lossgrad_service.cli.doctor.findings import Finding, doubtful, well, wrong
from lossgrad_service.cli.doctor.patient import Patient
from lossgrad_service.cli.doctor.places import context_of, dial_secure, told
from lossgrad_service.cli.doctor.silence import silent

SOON: Final = timedelta(days=14)
"""Before its end in which a certificate is to be renewed."""

_EXPIRED, _NOT_YET, _OTHER_NAMES = 10, 9, (62, 64)
"""OpenSSL's numbers of what is wrong with a certificate; the last is for addresses."""


def encrypt(patient: Patient) -> Iterator[Finding]:
    """Make a TLS handshake where the target has one, trusting what the client trusts."""
    if patient.is_dialled and patient.target.is_secure:
        yield from _handshake(patient)
    elif not patient.target.is_private:
        advice = "serve with --tls-certificate and --tls-key, and call grpcs:// or https://"
        yield doubtful(
            "TLS", f"whoever is between here and {told(patient.target)} reads along", advice
        )


def _handshake(patient: Patient) -> Iterator[Finding]:
    try:
        with dial_secure(
            patient.target, context_of(patient.credentials), patient.timeout
        ) as secure:
            version, certificate = secure.version(), Certificate.of(secure.getpeercert())
    except ssl.SSLCertVerificationError as error:
        yield _untrusted(patient, error)
    except TimeoutError:
        yield silent("TLS", patient)
    except OSError as error:
        yield _failed(patient, error)
    else:
        yield well("TLS", f"{version}, trusted by {_trusted_by(patient)}")
        yield _dated(certificate, datetime.now(UTC))


def _trusted_by(patient: Patient) -> str:
    return "the system's authorities" if patient.credentials.authority is None else "--tls-ca"


def _dated(certificate: Certificate, now: datetime) -> Finding:
    left = certificate.left_at(now)
    text = f"until {certificate.ends:%Y-%m-%d}, {told_count(left.days, 'day')} left"
    if left < SOON:
        return doubtful(
            "certificate", text, "renew it, and restart the service, which reads it then"
        )
    return well("certificate", text)


def _untrusted(patient: Patient, error: ssl.SSLCertVerificationError) -> Finding:
    found = untrusted_certificate(patient.target, patient.timeout)
    if error.verify_code == _EXPIRED:
        text = f"the certificate ended on {found.ends:%Y-%m-%d %H:%M} UTC"
        return wrong("TLS", text, "renew it, and restart the service; or set this machine's clock")
    if error.verify_code == _NOT_YET:
        text = f"the certificate begins on {found.begins:%Y-%m-%d %H:%M} UTC"
        return wrong("TLS", text, "set this machine's clock")
    if error.verify_code in _OTHER_NAMES:
        text = f"the certificate is for {', '.join(found.names)}, not for the host in the target"
        return wrong(
            "TLS", text, "call the service by one of these names, or have a new one issued"
        )
    text = f"the certificate, issued by {found.issuer}, is not trusted: {error.verify_message}"
    return wrong("TLS", text, "give the file of that authority's certificate: --tls-ca ca.pem")


def _failed(patient: Patient, error: OSError) -> Finding:
    place = told(patient.target)
    if speaks_plainly(patient):
        advice = "call grpc:// or http://, or give the service --tls-certificate and --tls-key"
        return wrong("TLS", f"{place} speaks no TLS", advice)
    advice = "see whether the service speaks TLS 1.2 or later, and what its log says"
    return wrong("TLS", f"the handshake with {place} failed: {error}", advice)
