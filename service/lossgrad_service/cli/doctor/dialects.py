"""Which protocol a server speaks, told by how it answers the first bytes."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from lossgrad_service.cli.doctor.patient import Patient
from lossgrad_service.cli.doctor.places import context_of, dial, dial_secure, host_of

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""What a client of HTTP/2 says first: a line, and settings that set nothing."""

_FRAME_TYPE: Final = slice(3, 4)
_SETTINGS: Final = b"\x04"
_MOST_BYTES: Final = 2**10


@dataclass(frozen=True, slots=True)
class Dialect:
    """A protocol, so far as to tell it from others."""

    name: str
    alpn: str
    """Its name in a TLS handshake."""
    opening: Callable[[str], bytes]
    """What a client says first to a host."""
    is_answer: Callable[[bytes], bool]


GRPC: Final = Dialect("gRPC", "h2", lambda _: _PREFACE, lambda said: said[_FRAME_TYPE] == _SETTINGS)
HTTP: Final = Dialect(
    "HTTP",
    "http/1.1",
    lambda host: f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(),
    lambda said: said.startswith(b"HTTP/1."),
)


def speaks(patient: Patient, dialect: Dialect) -> bool:
    """Return whether the server answers in a dialect.

    Raises
    ------
    ssl.SSLError
        Where the server ends a handshake that our side took for done, as it does for want
        of a certificate of ours.
    TimeoutError
        Where it says nothing.
    """
    host = host_of(patient.target)
    with suppress(ConnectionError, ssl.SSLEOFError), _dialled(patient, dialect) as connection:
        connection.sendall(dialect.opening(host))
        return dialect.is_answer(connection.recv(_MOST_BYTES))
    return False


def speaks_plainly(patient: Patient) -> bool:
    """Return whether a server that is called over TLS would rather speak plain text.

    Raises
    ------
    TimeoutError
        Where it says nothing.
    """
    plain = replace(patient, target=replace(patient.target, is_secure=False))
    return any(speaks(plain, dialect) for dialect in (GRPC, HTTP))


def speaks_tls(patient: Patient) -> bool:
    """Return whether a server that is called in plain text would rather speak TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        dial_secure(patient.target, context, patient.timeout).close()
    except OSError:
        return False
    return True


def _dialled(patient: Patient, dialect: Dialect) -> socket.socket:
    if not patient.target.is_secure:
        return dial(patient.target, patient.timeout)
    context = context_of(patient.credentials)
    context.set_alpn_protocols([dialect.alpn])
    return dial_secure(patient.target, context, patient.timeout)
