"""The examinations one after the other, each of which needs those before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from lossgrad.errors import (
    Busy,
    DeadlineExceeded,
    Internal,
    LossGradError,
    PermissionDenied,
    Unimplemented,
)
from lossgrad_service.cli.doctor.clock import compare_clocks
from lossgrad_service.cli.doctor.encryption import encrypt
from lossgrad_service.cli.doctor.findings import Finding, wrong
from lossgrad_service.cli.doctor.patient import Patient
from lossgrad_service.cli.doctor.protocol import tell_protocol
from lossgrad_service.cli.doctor.reaching import connect, resolve, tell_proxy
from lossgrad_service.cli.doctor.readiness import tell_readiness
from lossgrad_service.cli.doctor.service import ask_service
from lossgrad_service.cli.doctor.speed import time_calls
from lossgrad_service.cli.errors import exit_code_of

Examination = Callable[[Patient], Iterator[Finding]]

EXAMINATIONS: Final[Mapping[str, Examination]] = {
    "proxy": tell_proxy,
    "name": resolve,
    "connection": connect,
    "TLS": encrypt,
    "protocol": tell_protocol,
    "readiness": tell_readiness,
    "clock": compare_clocks,
    "info": ask_service,
    "speed": time_calls,
}
"""By what is looked at; one that does not apply to a target finds nothing."""

_ADVICE: Final[Mapping[type[LossGradError], str]] = {
    Busy: "come back later, or have the key's quota or the service's memory raised",
    DeadlineExceeded: "give it longer (--timeout), and look at what the service's machine does",
    Internal: "look for the request id in the service's log, and see that it is lossgrad's",
    PermissionDenied: "ask whoever keeps the service for a key that may do this",
    Unimplemented: "see that the target, and its path over HTTP, is lossgrad's",
}


def examine(patient: Patient) -> Iterator[Finding]:
    """Tell findings as they come, up to the first with which what follows cannot work."""
    for name, examination in EXAMINATIONS.items():
        for finding in _findings(name, examination, patient):
            yield finding
            if finding.state == "wrong":
                return


def _findings(name: str, examination: Examination, patient: Patient) -> Iterator[Finding]:
    try:
        yield from examination(patient)
    except LossGradError as error:
        yield wrong(name, error.message, _advice_on(error), exit_code_of(error))
    except OSError as error:
        yield wrong(name, f"the connection broke: {error}", _LOOK)


_LOOK: Final = "look at the service's log, and at the network on the way"


def _advice_on(error: LossGradError) -> str:
    return _ADVICE.get(type(error), _LOOK)
