"""TLS, and mutual TLS, from files."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from lossgrad_service.runtime.settings import Settings
from lossgrad_service.runtime.wrong_settings import WrongSettings, variable_of


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What a server shows, and whom it asks its callers to be certified by."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return what Python's own servers speak TLS by; 1.2 at least.

        Raises
        ------
        WrongSettings
            Where a file cannot be read, is wrong, or the key is of another certificate.
        """
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        self._show_certificate(made)
        if self.client_ca is not None:
            _require_certified_callers(made, self.client_ca)
        return made

    def _show_certificate(self, context: ssl.SSLContext) -> None:
        _require_readable("tls_certificate", self.certificate)
        _require_readable("tls_key", self.key)
        try:
            # Without a password of ours OpenSSL would ask for one on the terminal.
            context.load_cert_chain(self.certificate, self.key, password="")
        except (ssl.SSLError, ValueError) as error:
            raise WrongSettings(
                f"{_spelled('tls_certificate')} {self.certificate} must be PEM certificates, and "
                f"{_spelled('tls_key')} {self.key} the PEM key of the first, not encrypted"
            ) from error


def tls_files_of(settings: Settings) -> TlsFiles | None:
    """Return the files that the settings name, or None where they name none.

    Raises
    ------
    WrongSettings
        Where one of those that go together is missing.
    """
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is not None and key is not None:
        return TlsFiles(certificate, key, settings.tls_client_ca)
    if certificate is None and key is None and settings.tls_client_ca is None:
        return None
    raise WrongSettings(
        f"TLS takes both {_spelled('tls_certificate')} and {_spelled('tls_key')}; "
        f"{_spelled('tls_client_ca')} goes with both"
    )


def _require_certified_callers(context: ssl.SSLContext, authorities: Path) -> None:
    _require_readable("tls_client_ca", authorities)
    try:
        context.load_verify_locations(authorities)
    except (ssl.SSLError, ValueError) as error:
        raise WrongSettings(
            f"{_spelled('tls_client_ca')} {authorities} has no PEM certificates"
        ) from error
    context.verify_mode = ssl.CERT_REQUIRED


def _require_readable(name: str, path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise WrongSettings(f"{_spelled(name)} {path} cannot be read: {error.strerror}") from error


def _spelled(name: str) -> str:
    return f"--{name.replace('_', '-')} ({variable_of(name)})"
