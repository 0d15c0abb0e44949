"""What is counted and logged of every call, whatever it came in by."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Final

from lossgrad_service.calls.call import Call
from lossgrad_service.calls.call_log import CallLog
from lossgrad_service.calls.failure import GONE, LATE, Failure
from lossgrad_service.calls.readiness import Readiness
from lossgrad_service.metrics import Meter

_log = logging.getLogger(__name__)

_OK: Final = Failure("OK")
"""None at all."""


class Observer:
    """Sees calls begin and end; used on one event loop.

    Parameters
    ----------
    meter
        Counts them.
    lines
        Tell each of them.
    readiness
        Tells whether those that end without an answer do so because the server stops.
    """

    def __init__(self, meter: Meter, lines: CallLog, readiness: Readiness) -> None:
        self.meter = meter
        self._lines = lines
        self._readiness = readiness

    def begin(self, call: Call) -> None:
        """See a call, of which nothing but its head was read."""
        self.meter.begun(call.head.method, call.head.transport)

    def end(self, call: Call) -> None:
        """See how a call ended that was begun; what goes wrong here is nobody else's matter."""
        try:
            self._end(call)
        except Exception:
            _log.exception("request %s was not counted, or not logged", call.request_id)

    def _end(self, call: Call) -> None:
        failure = call.failure or (_OK if call.is_answered else self._vanished(call))
        rows = call.rows if failure is _OK else 0
        phases = call.phases
        seconds, (method, transport, trace) = perf_counter() - call.started, call.head
        counted = (seconds, phases, call.received, call.sent, rows)
        self.meter.ended(method, transport, failure.code, *counted)
        if rows:
            self.meter.computed(call.dtype, call.cells)
        self._lines.ended(
            request_id=call.request_id,
            trace=trace,
            method=method,
            transport=transport,
            caller="" if call.visit is None else call.visit.caller.name,
            code=failure.code,
            seconds=seconds,
            phases=phases,
            received=call.received,
            sent=call.sent,
            rows=rows,
            cause=self._count_failure(failure),
        )

    def _vanished(self, call: Call) -> Failure:
        """Return what became of a call that ended with neither an answer nor an error."""
        if self._readiness.state == "draining":
            return GONE._replace(cancellation="shutdown")
        return LATE if call.deadline.remaining() <= 0 else GONE

    def _count_failure(self, failure: Failure) -> str | None:
        """Count a refusal or a cancellation by its cause, and return that."""
        if failure.refusal is not None:
            self.meter.refused(failure.refusal)
        if failure.cancellation is not None:
            self.meter.cancelled(failure.cancellation)
        return failure.refusal or failure.cancellation
