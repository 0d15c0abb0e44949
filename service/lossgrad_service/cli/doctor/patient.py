"""What is examined, and by which means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lossgrad import Client
from lossgrad.transports import Transport, open_transport
from lossgrad.transports.credentials import Credentials, read_credentials
from lossgrad.transports.target import Target, parse_target
from lossgrad_service.cli.doctor.proxies import proxy_of


@dataclass(frozen=True, slots=True)
class Files:
    """Certificates, as the options of a command name them."""

    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """A target, with all that is needed to call the service there."""

    target: Target
    credentials: Credentials
    transport: Transport
    """Makes single attempts."""
    stranger: Transport
    """The same without a key."""
    client: Client
    """Makes calls as programs do."""
    timeout: float
    """Seconds that one step may take."""
    proxy: str | None = None
    """What makes the connections in our place, if anything does."""

    @property
    def is_dialled(self) -> bool:
        """Whether this machine itself connects to the service."""
        return self.target.kind != "local" and self.proxy is None


@contextmanager
def patient_at(target: str, files: Files, timeout: float) -> Iterator[Patient]:
    """Get ready to examine a target; nothing is connected yet.

    Raises
    ------
    InvalidArgument
        Where the target or a file means nothing, or others could read the token on its way.
    """
    parsed = parse_target(target)
    tls = asdict(files)
    credentials = read_credentials(parsed, token=None, **tls)
    with (
        closing(open_transport(target, credentials)) as transport,
        closing(open_transport(target, replace(credentials, token=None))) as stranger,
        Client(target, timeout=timeout, **tls) as client,
    ):
        yield Patient(parsed, credentials, transport, stranger, client, timeout, proxy_of(parsed))
