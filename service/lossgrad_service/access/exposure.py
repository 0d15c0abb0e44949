"""The rule of open addresses: others reach the service over TLS and with keys, or not at all."""

from __future__ import annotations

from lossgrad_service.runtime.settings import Settings, is_loopback
from lossgrad_service.runtime.wrong_settings import WrongSettings

_GUARDS = {
    "keys": ("keys_file", "--keys-file"),
    "TLS": ("tls_certificate", "--tls-certificate and --tls-key"),
}
"""What stands before an open port: the setting that tells, and the flags that bring it."""


def require_guarded(settings: Settings) -> None:
    """Check that an address that others reach has all guards, or is meant to have none.

    Raises
    ------
    WrongSettings
        Which guards are missing, and what to do.
    """
    if settings.insecure or is_loopback(settings.host):
        return
    missing = [name for name, (field, _) in _GUARDS.items() if getattr(settings, field) is None]
    if missing:
        raise WrongSettings(_refusal(settings.host, missing))


def _refusal(host: str, missing: list[str]) -> str:
    flags = ", ".join(_GUARDS[name][1] for name in missing)
    return (
        f"--host {host} is an address that others reach, and {' and '.join(missing)} are "
        f"missing: set {flags}, listen on 127.0.0.1, or say --insecure if something else guards it"
    )
