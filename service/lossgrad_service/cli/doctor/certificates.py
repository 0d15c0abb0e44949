"""What the certificate of a server says, whether it is trusted or not."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from lossgrad.transports.target import Target
from lossgrad_service.cli.doctor.places import dial_secure

_NO_CHECK_TIME: Final = 0x200000
"""OpenSSL's flag X509_V_FLAG_NO_CHECK_TIME, which the module ssl does not name."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The part that tells why one is not trusted."""

    names: tuple[str, ...]
    """Hosts that it is for."""
    issuer: str
    begins: datetime
    ends: datetime

    @classmethod
    def of(cls, told: Any) -> Self:
        """Return what `ssl.SSLSocket.getpeercert` tells."""
        return cls(
            tuple(name for _, name in told.get("subjectAltName", ())),
            _name_of(told["issuer"]),
            _moment(told["notBefore"]),
            _moment(told["notAfter"]),
        )

    def left_at(self, now: datetime) -> timedelta:
        """Return for how long it is still valid."""
        return self.ends - now


def untrusted_certificate(target: Target, timeout: float) -> Certificate:
    """Return the certificate of a server that is not trusted; nothing is sent there.

    Raises
    ------
    OSError
        Where there is no TLS connection to be had.
    """
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    with dial_secure(target, anybody, timeout) as secure:
        shown = secure.getpeercert(binary_form=True) or b""
    with dial_secure(target, _trusting_only(shown), timeout) as secure:
        return Certificate.of(secure.getpeercert())


def _trusting_only(shown: bytes) -> ssl.SSLContext:
    """Return a context that trusts one certificate whatever its date and name.

    The module ssl reads certificates only once they are trusted.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
    context.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(shown))
    return context


def _name_of(issuer: Iterable[Iterable[tuple[str, str]]]) -> str:
    parts = dict(pair for group in issuer for pair in group)
    return parts.get("commonName") or parts.get("organizationName") or "an authority without a name"


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
