"""What either side of a TLS handshake says of the other's certificate."""

from __future__ import annotations

import re
from typing import Final

from lossgrad.errors import LossGradError, Unauthenticated, Unavailable

_UNTRUSTED: Final = re.compile("CERTIFICATE_VERIFY_FAILED|Hostname Verification Check failed")
"""What OpenSSL and gRPC say of a server whose certificate is not trusted."""

_REFUSED: Final = re.compile(r"\w+_ALERT_(?:\w*CERTIFICATE\w*|UNKNOWN_CA)")
"""The alerts that a server ends a handshake with because of its caller's certificate."""


def read_handshake(text: str) -> LossGradError | None:
    """Return what `text` stands for, None where it does not speak of certificates.

    A server that just hangs up, as grpcio's and asyncio's do, does not say why: that
    is no more than any broken connection.
    """
    if _UNTRUSTED.search(text):
        return _untrusted(text)
    refused = _REFUSED.search(text)
    return None if refused is None else _refused(refused[0])


def _untrusted(text: str) -> Unavailable:
    return Unavailable(
        f"{text}; the server's certificate must be for the name in the target, and of an "
        "authority that is trusted: name that one's file by tls_ca=",
        is_permanent=True,
    )


def _refused(alert: str) -> Unauthenticated:
    return Unauthenticated(
        f"the server refused our TLS certificate, or that there is none ({alert}); give one "
        "of an authority that it trusts by tls_cert=, and its key by tls_key="
    )
