"""The certificate authority that a client trusts instead of the system's."""

from __future__ import annotations

import ssl
from pathlib import Path

from lossgrad.errors import InvalidArgument
from lossgrad.transports.target import Target


def read_authority(target: Target, path: str | None) -> bytes | None:
    """Return the PEM text at `path`, or None where the system's authorities are to do.

    Raises
    ------
    InvalidArgument
        With the field ``tls_ca``, where `target` has no TLS or the file no certificates.
    """
    if path is None:
        return None
    if not target.is_secure:
        raise InvalidArgument.at("tls_ca", "goes with grpcs:// and https:// targets only")
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise InvalidArgument.at("tls_ca", f"cannot be read: {error}") from error
    return _certificates(data)


def _certificates(data: bytes) -> bytes:
    """Return the PEM text in `data` without what comments have beyond ASCII."""
    text = data.decode("ascii", "ignore")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidArgument.at("tls_ca", f"has no PEM certificates: {error}") from error
    return text.encode()
