"""Whether there is anybody at the target: its name, and a connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from time import perf_counter

from lossgrad_service.cli.doctor.figures import told_seconds
from lossgrad_service.cli.doctor.findings import Finding, well, wrong
from lossgrad_service.cli.doctor.patient import Patient
from lossgrad_service.cli.doctor.places import dial, host_and_port_of, socket_path_of, told

_START = "start it there (lossgrad serve prints its addresses), or give the address that it has"


def tell_proxy(patient: Patient) -> Iterator[Finding]:
    """Say that something stands between, so that connections cannot be looked at from here."""
    if patient.proxy is not None:
        advice = "to look at connection and TLS, name the host in no_proxy"
        yield well("proxy", f"calls go through {patient.proxy}; {advice}")


def resolve(patient: Patient) -> Iterator[Finding]:
    """Look up the host, or the path of a Unix socket."""
    if not patient.is_dialled:
        return
    path = socket_path_of(patient.target)
    yield _resolve_host(*host_and_port_of(patient.target)) if path is None else _find(Path(path))


def connect(patient: Patient) -> Iterator[Finding]:
    """Open a connection and close it."""
    if not patient.is_dialled:
        return
    place, begun = told(patient.target), perf_counter()
    try:
        dial(patient.target, patient.timeout).close()
    except OSError as error:
        yield _unconnected(place, error, patient.timeout)
    else:
        yield well("connection", f"{place} answers in {told_seconds(perf_counter() - begun)}")


def _resolve_host(host: str, port: int) -> Finding:
    if _is_address(host):
        return well("name", f"{host} needs no look-up")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        advice = "look at the spelling of the host, and whether this machine's DNS knows it"
        return wrong("name", f"{host} has no address: {error.strerror}", advice)
    addresses = dict.fromkeys(str(address[0]) for *_, address in found)
    return well("name", f"{host} is {', '.join(addresses)}")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _find(path: Path) -> Finding:
    try:
        is_socket = path.is_socket()
    except OSError as error:
        return wrong("socket", f"{path}: {error.strerror}", "ask its owner to let you in")
    if is_socket:
        return well("socket", f"{path} is there")
    advice = "start the service with --unix-socket PATH, or give the path that it prints"
    return wrong("socket", f"{path} is no socket" if path.exists() else f"no {path}", advice)


def _unconnected(place: str, error: OSError, timeout: float) -> Finding:
    if isinstance(error, ConnectionRefusedError):
        return wrong("connection", f"nobody listens at {place}", f"the service is down: {_START}")
    if isinstance(error, TimeoutError):
        advice = "look at the address, and at firewalls on the way"
        return wrong("connection", f"no answer from {place} within {timeout:g} s", advice)
    if isinstance(error, PermissionError):
        advice = "the socket is its owner's: chgrp it to a group of yours, and chmod 660"
        return wrong("connection", f"{place}: {error.strerror}", advice)
    return wrong(
        "connection", f"{place}: {error.strerror or error}", "look at the network on the way"
    )
