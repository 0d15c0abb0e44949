"""The rule of open addresses, where Ray listens and not we."""

from __future__ import annotations

from lossgrad_service.runtime.settings import Settings
from lossgrad_service.runtime.wrong_settings import WrongSettings, variable_of


def require_meant(settings: Settings) -> None:
    """Check that calls may come from anywhere, and in plain text.

    Ray's gRPC listens on every address of a node and speaks no TLS, and no option changes that.

    Raises
    ------
    WrongSettings
        Where the settings do not say so.
    """
    if not settings.insecure:
        raise WrongSettings(
            "Ray's gRPC port is open on every address of a node, without TLS: keep strangers from "
            f"it by the cluster's network or a firewall, then say {variable_of('insecure')}=true"
        )
