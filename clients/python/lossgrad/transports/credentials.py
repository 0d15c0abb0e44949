"""What a client shows its server, and by what it knows that server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from lossgrad.transports.target import Target
from lossgrad.transports.tls import Certificate, PathLike, read_authority, read_certificate
from lossgrad.transports.tokens import read_token


@dataclass(frozen=True, slots=True)
class Credentials:
    """All that is known before a connection, none of which its repr shows."""

    token: str | None = field(default=None, repr=False)
    authority: bytes | None = field(default=None, repr=False)
    """PEM certificates that are trusted instead of the system's."""
    certificate: Certificate | None = field(default=None, repr=False)

    @property
    def authorization(self) -> str | None:
        """The value of the header, or of the metadata, ``authorization``."""
        return None if self.token is None else f"Bearer {self.token}"


NO_CREDENTIALS: Final = Credentials()


def read_credentials(
    target: Target,
    *,
    token: str | None,
    tls_ca: PathLike | None,
    tls_cert: PathLike | None,
    tls_key: PathLike | None,
) -> Credentials:
    """Return the credentials for a target; files are read at once.

    Raises
    ------
    InvalidArgument
        Where one means nothing, or nothing for this target.
    """
    return Credentials(
        read_token(target, token),
        read_authority(target, tls_ca),
        read_certificate(target, tls_cert, tls_key),
    )
