"""The proxy that gRPC goes through, which it does over TLS only."""

from __future__ import annotations

import os
from typing import Final
from urllib.request import proxy_bypass

from lossgrad.transports.target import Target
from lossgrad_service.cli.doctor.places import host_of

_VARIABLES: Final = ("grpc_proxy", "https_proxy", "http_proxy")


def proxy_of(target: Target) -> str | None:
    """Return the proxy through which a target is called, None where it is dialled itself."""
    if target.kind != "grpc" or not target.is_secure:
        return None
    if proxy_bypass(host_of(target)):
        return None
    return next((value for name in _VARIABLES if (value := os.environ.get(name))), None)
