"""How far the clocks of client and server are apart, which HTTP tells by its header Date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPSConnection
from typing import Final

from lossgrad_service.cli.doctor.figures import told_seconds
from lossgrad_service.cli.doctor.findings import Finding, doubtful, well
from lossgrad_service.cli.doctor.patient import Patient
from lossgrad_service.cli.doctor.places import context_of, host_and_port_of, path_of

TOLERANCE_SECONDS: Final = 5.0
"""Dates have whole seconds, and are made up to one before they are sent."""


def compare_clocks(patient: Patient) -> Iterator[Finding]:
    """Hold the time that the server tells against ours; gRPC tells none."""
    if patient.target.kind != "http":
        return
    date, ours = _date_at(patient)
    if date is not None:
        yield _apart((parsedate_to_datetime(date) - ours).total_seconds())


def _date_at(patient: Patient) -> tuple[str | None, datetime]:
    """Return the server's date, and ours in the middle of asking for it."""
    connection, begun = _connection(patient), datetime.now(UTC)
    try:
        connection.request("GET", f"{path_of(patient.target)}/healthz")
        date = connection.getresponse().getheader("Date")
    finally:
        connection.close()
    return date, begun + (datetime.now(UTC) - begun) / 2


def _connection(patient: Patient) -> HTTPConnection:
    host, port = host_and_port_of(patient.target)
    if not patient.target.is_secure:
        return HTTPConnection(host, port, timeout=patient.timeout)
    context = context_of(patient.credentials)
    return HTTPSConnection(host, port, timeout=patient.timeout, context=context)


def _apart(seconds: float) -> Finding:
    if abs(seconds) <= TOLERANCE_SECONDS:
        return well("clock", f"within {TOLERANCE_SECONDS:g} s of ours")
    direction = "ahead of" if seconds > 0 else "behind"
    advice = "have both machines take their time from NTP: certificates and logs count on it"
    return doubtful("clock", f"{told_seconds(abs(seconds))} {direction} ours", advice)
