"""A server that takes connections and nothing else, as one that hangs does."""

from __future__ import annotations

from lossgrad_service.cli.doctor.findings import Finding, wrong
from lossgrad_service.cli.doctor.patient import Patient
from lossgrad_service.cli.doctor.places import told


def silent(name: str, patient: Patient) -> Finding:
    """Return what is to be told where nothing comes back within the time of a step."""
    seconds = f"{patient.timeout:g} s"
    text = f"{told(patient.target)} takes connections, and says nothing within {seconds}"
    advice = "its process hangs or is suspended, or the port is another service's: look at both"
    return wrong(name, text, advice)
