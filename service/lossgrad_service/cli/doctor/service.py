"""What the service tells of itself to those whom it lets in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from lossgrad import __version__ as our_version
from lossgrad.endpoints import INFO
from lossgrad.errors import Unauthenticated
from lossgrad.types import InfoRequest, Limits, ServerInfo
from lossgrad_service.cli.doctor.figures import told_count, told_seconds, told_size
from lossgrad_service.cli.doctor.findings import Finding, doubtful, well, wrong
from lossgrad_service.cli.doctor.patient import Patient
from lossgrad_service.cli.telling import FAILED

_UNTOLD: Final = 2**63 - 1
"""Stands for a limit that an older server does not tell."""


def ask_service(patient: Patient) -> Iterator[Finding]:
    """Ask for version and limits, which needs a key where the service has any."""
    try:
        info = patient.client.info()
    except Unauthenticated as error:
        yield wrong("key", error.message, _advice_on_key(patient), FAILED)
        return
    if patient.target.kind != "local":
        yield _key_of(patient)
    yield _compare_versions(info.version)
    yield _tell_limits(info.limits)
    yield _tell_process(info, patient)


def _key_of(patient: Patient) -> Finding:
    if patient.credentials.token is None:
        return well("key", "none is needed")
    if _lets_strangers_in(patient):
        return well("key", "the server asks for none, and does not look at that of LOSSGRAD_TOKEN")
    return well("key", "that of LOSSGRAD_TOKEN is let in")


def _lets_strangers_in(patient: Patient) -> bool:
    try:
        patient.stranger.send(INFO, InfoRequest(), patient.timeout)
    except Unauthenticated:
        return False
    return True


def _advice_on_key(patient: Patient) -> str:
    if patient.credentials.token is None:
        return (
            "set LOSSGRAD_TOKEN to a key of the service; lossgrad key makes one for its keys file"
        )
    return "see that LOSSGRAD_TOKEN is whole, and that the service's keys file has its digest"


def _compare_versions(theirs: str) -> Finding:
    if theirs == our_version:
        return well("version", f"{theirs}, as this client")
    advice = "they work together; where an option or method is missing, upgrade the older one"
    return doubtful("version", f"{theirs}, and {our_version} of this client", advice)


def _tell_limits(limits: Limits) -> Finding:
    told = {name: size for name, size in asdict(limits).items() if size != _UNTOLD}
    return well("limits", ", ".join(_limit(name, size) for name, size in told.items()))


def _limit(name: str, size: int) -> str:
    return f"{name.removeprefix('max_').removesuffix('_bytes')} {told_size(size)}"


def _tell_process(info: ServerInfo, patient: Patient) -> Finding:
    threads = told_count(info.compute_threads, "compute thread")
    if patient.target.kind == "local":
        return well("process", f"this one, {threads}")
    return well("process", f"up for {told_seconds(info.uptime_seconds)}, {threads}")
