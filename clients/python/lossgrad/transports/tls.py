"""TLS from files: the authority that a client trusts, and the certificate that it shows."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from lossgrad.errors import InvalidArgument
from lossgrad.transports.target import Target

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a client shows servers that ask for it (mutual TLS)."""

    chain_path: str
    key_path: str
    chain: bytes = field(repr=False)
    key: bytes = field(repr=False)


def read_authority(target: Target, path: PathLike | None) -> bytes | None:
    """Return the PEM text at `path`, or None where the system's authorities are to do.

    Raises
    ------
    InvalidArgument
        With the field ``tls_ca``, where `target` has no TLS or the file no certificates.
    """
    if path is None:
        return None
    _require_tls("tls_ca", target)
    return _certificates(_read("tls_ca", path))


def read_certificate(
    target: Target, certificate: PathLike | None, key: PathLike | None
) -> Certificate | None:
    """Return the certificate in one file with its key in another, or in the same one.

    Raises
    ------
    InvalidArgument
        With the field ``tls_cert`` or ``tls_key``, where `target` has no TLS, a file
        cannot be read, or they are no certificate and its key.
    """
    if certificate is None:
        if key is not None:
            raise InvalidArgument.at("tls_key", "is the key of a certificate; give tls_cert, too")
        return None
    _require_tls("tls_cert", target)
    key_path = certificate if key is None else key
    data = _read("tls_cert", certificate), _read("tls_key", key_path)
    _require_pair(certificate, key_path)
    return Certificate(os.fsdecode(certificate), os.fsdecode(key_path), *data)


def _require_tls(name: str, target: Target) -> None:
    if not target.is_secure:
        raise InvalidArgument.at(name, "goes with grpcs:// and https:// targets only")


def _read(name: str, path: PathLike) -> bytes:
    try:
        return Path(os.fsdecode(cast(Any, path))).read_bytes()
    except TypeError:
        raise InvalidArgument.at(name, f"must be a path, got {path!r}") from None
    except (OSError, ValueError) as error:
        raise InvalidArgument.at(name, f"cannot be read: {error}") from error


def _certificates(data: bytes) -> bytes:
    """Return the PEM text in `data` without what comments have beyond ASCII."""
    text = data.decode("ascii", "ignore")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidArgument.at("tls_ca", f"has no PEM certificates: {error}") from error
    return text.encode()


def _require_pair(certificate: PathLike, key: PathLike) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        # Without a password of ours OpenSSL would ask for one on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise InvalidArgument.at(
            "tls_cert",
            "must be PEM certificates, and tls_key the PEM key of the first, unencrypted",
        ) from error
