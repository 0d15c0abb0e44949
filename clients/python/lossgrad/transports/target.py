"""Targets: where a service is, as one string.

=======================  ==================================================
``localhost:50051``      gRPC, the same as ``grpc://localhost:50051``
``grpcs://host:443``     gRPC over TLS, all addresses of the name
``unix:///run/lg.sock``  gRPC over a Unix socket
``dns:///host:50051``    gRPC, all addresses of the name
``http://host:8080``     JSON over HTTP; a path goes before ``/v1/...``
``https://host``         JSON over HTTPS
``local:``               in this process; needs the extra ``service``
=======================  ==================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from lossgrad.errors import InvalidArgument

_EXAMPLES = (
    "localhost:50051, grpc://host:50051, grpcs://host:443, unix:///path, dns:///host:50051, "
    "http://host:8080, https://host, local:"
)


@dataclass(frozen=True, slots=True)
class Target:
    """A target that has been understood."""

    kind: Literal["grpc", "http", "local"]
    address: str
    """What gRPC dials, or the URL that the paths of the HTTP interface follow."""
    is_secure: bool = False

    @property
    def is_private(self) -> bool:
        """Whether nobody on a network reads along: over TLS, or within this machine."""
        if self.is_secure or self.kind == "local" or self.address.startswith("unix:"):
            return True
        return _is_loopback(_host_of(self.address))


def parse_target(text: object) -> Target:
    """Return what `text` means.

    Raises
    ------
    InvalidArgument
        With the field ``target``, where it means nothing.
    """
    if not isinstance(text, str):
        raise _bad(text, "must be a string")
    if not text.strip():
        raise _bad(text, "is empty")
    if text == "local:":
        return Target("local", "")
    if "://" not in text:
        text = f"grpc://{text}"
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise _bad(text, str(error)) from None
    return _read(text, url, port)


def _read(text: str, url: SplitResult, port: int | None) -> Target:
    if url.query or url.fragment or url.username is not None:
        raise _bad(text, "must have no user, query or fragment")
    if url.scheme in ("unix", "dns"):
        if url.netloc or len(url.path) < 2:
            raise _bad(text, f"must have the form {url.scheme}:///...")
        return Target("grpc", text)
    if not url.hostname or any(character.isspace() for character in text):
        raise _bad(text, "has no host")
    if url.scheme in ("http", "https"):
        return Target("http", text.rstrip("/"), url.scheme == "https")
    if url.scheme not in ("grpc", "grpcs"):
        raise _bad(text, f"has the unknown scheme {url.scheme!r}")
    if not port or url.path.strip("/"):
        raise _bad(text, "must be a host and a port")
    return Target("grpc", url.netloc, url.scheme == "grpcs")


def _host_of(address: str) -> str:
    """Return the host that gRPC dials, or that of a URL."""
    dialled = address.removeprefix("dns:///")
    return urlsplit(dialled if "://" in dialled else f"//{dialled}").hostname or ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bad(text: object, reason: str) -> InvalidArgument:
    return InvalidArgument.at("target", f"{reason}, got {text!r}; examples: {_EXAMPLES}")
