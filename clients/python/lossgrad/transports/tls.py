"""The certificate authority that a client trusts instead of the system's."""

from __future__ import annotations

from pathlib import Path

from lossgrad.errors import InvalidArgument
from lossgrad.transports.target import Target


def read_authority(target: Target, path: str | None) -> bytes | None:
    """Return the PEM text at `path`, or None where the system's authorities are to do.

    Raises
    ------
    InvalidArgument
        With the field ``tls_ca``, where `target` has no TLS or there is no such file.
    """
    if path is None:
        return None
    if not target.is_secure:
        raise InvalidArgument.at("tls_ca", "goes with grpcs:// and https:// targets only")
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidArgument.at("tls_ca", f"cannot be read: {error}") from error
