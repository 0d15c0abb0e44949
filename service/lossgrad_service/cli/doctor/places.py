"""Where a target is on the network, and bare connections to there."""

from __future__ import annotations

import socket
import ssl
from typing import Final
from urllib.parse import SplitResult, urlsplit

from lossgrad.transports.credentials import Credentials
from lossgrad.transports.target import Target

_PORTS: Final = {"http": 80, "https": 443, "dns": 443}
"""What is dialled where a target names no port."""


def socket_path_of(target: Target) -> str | None:
    """Return the path of a Unix socket; None for what is no such target."""
    return urlsplit(target.address).path if target.address.startswith("unix:") else None


def host_and_port_of(target: Target) -> tuple[str, int]:
    """Return what is dialled over TCP."""
    dialled = target.address.removeprefix("dns:///")
    url = _split(dialled)
    return url.hostname or "", url.port or _PORTS[url.scheme or "dns"]


def host_of(target: Target) -> str:
    """Return the host that is called."""
    return "localhost" if socket_path_of(target) else host_and_port_of(target)[0]


def path_of(target: Target) -> str:
    """Return what an HTTP target has before the paths of the service."""
    return _split(target.address).path


def told(target: Target) -> str:
    """Return the place as a person writes it."""
    path = socket_path_of(target)
    if path is not None:
        return path
    host, port = host_and_port_of(target)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def dial(target: Target, timeout: float) -> socket.socket:
    """Return a connection on which nothing was said yet.

    Raises
    ------
    OSError
        Where there is none to be had.
    """
    path = socket_path_of(target)
    if path is None:
        return socket.create_connection(host_and_port_of(target), timeout)
    plain = socket.socket(socket.AF_UNIX)
    plain.settimeout(timeout)
    try:
        plain.connect(path)
    except OSError:
        plain.close()
        raise
    return plain


def dial_secure(target: Target, context: ssl.SSLContext, timeout: float) -> ssl.SSLSocket:
    """Return a connection after its TLS handshake.

    Raises
    ------
    OSError
        As `dial`, and where the handshake fails (`ssl.SSLError`).
    """
    plain = dial(target, timeout)
    try:
        return context.wrap_socket(plain, server_hostname=host_of(target))
    except (OSError, ValueError):
        plain.close()
        raise


def context_of(credentials: Credentials) -> ssl.SSLContext:
    """Return what the client trusts and shows."""
    authority, own = credentials.authority, credentials.certificate
    context = ssl.create_default_context(cadata=None if authority is None else authority.decode())
    if own is not None:
        context.load_cert_chain(own.chain_path, own.key_path)
    return context


def _split(dialled: str) -> SplitResult:
    return urlsplit(dialled if "://" in dialled else f"//{dialled}")
