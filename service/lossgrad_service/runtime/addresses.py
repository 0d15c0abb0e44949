"""Where a server listens, in the words that people and clients read."""

from __future__ import annotations

import os
import sys

from lossgrad_service.runtime.settings import Settings


def addresses_of(settings: Settings) -> dict[str, str]:
    """Return where a server with these ports listens, by protocol; each a target of the client."""
    host = in_address(settings.host)
    grpc, http = ("", "http://") if settings.tls_certificate is None else ("grpcs://", "https://")
    found = {
        "gRPC": f"{grpc}{host}:{settings.grpc_port}",
        "HTTP": f"{http}{host}:{settings.http_port}",
    }
    if settings.unix_socket is not None:
        found["Unix"] = f"unix://{settings.unix_socket.absolute()}"
    return found


def in_address(host: str) -> str:
    """Return a host as it stands before a port: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def print_addresses(addresses: dict[str, str]) -> None:
    """Print a line for each address, which tells that the server is ready."""
    for protocol, address in addresses.items():
        _print(f"{protocol}  {address}")


def print_stopping() -> None:
    """Print that the server was told to stop."""
    _print("stopping: calls under way may finish; a second signal exits at once")


def _print(line: str) -> None:
    """Print a line; nothing ends because nobody reads it any more."""
    try:
        print(line, flush=True)
    except OSError:
        # What is still to be written is not tried again at the end of the process.
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
