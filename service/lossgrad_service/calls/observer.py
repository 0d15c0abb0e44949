"""What is counted and logged of every call, whatever it came in by."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Final

from lossgrad_service.calls.call import Call
from lossgrad_service.calls.call_log import CallLog
from lossgrad_service.calls.failure import CUT, GONE, LATE, Failure
from lossgrad_service.calls.readiness import Readiness
from lossgrad_service.metrics import Meter

_log = logging.getLogger(__name__)

_OK: Final = Failure("OK")
"""None at all."""

EARLY_SECONDS: Final = 0.01
"""By which a call may end before its deadline because of that.

A caller ends its call by its own clock; the time that it tells is rounded up on the way.
"""


class Observer:
    """Sees calls begin and end; used on one event loop.

    Parameters
    ----------
    meter
        Counts them.
    lines
        Tell each of them.
    readiness
        Tells whether those that nobody waits for were cut by the server.
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
        failure = self._failure_of(call)
        phases = call.phases
        seconds, (method, transport, trace) = perf_counter() - call.started, call.head
        amounts = (0, 0) if call.is_counted else (call.received, call.sent)
        self.meter.ended(method, transport, failure.code, seconds, phases, *amounts)
        if call.rows and not call.is_counted:
            self.meter.computed(method, transport, call.dtype, call.rows, call.cells)
        self._lines.ended(
            request_id=call.request_id,
            trace=trace,
            method=method,
            transport=transport,
            caller=call.caller,
            code=failure.code,
            seconds=seconds,
            phases=phases,
            received=call.received,
            sent=call.sent,
            rows=call.rows,
            cause=self._count_failure(failure),
        )

    def _failure_of(self, call: Call) -> Failure:
        """Return how a call failed; `_OK` where it did not."""
        if call.visit is not None and call.visit.cut is not None:
            return Failure.of(call.visit.cut)
        failure = call.failure or (_OK if call.is_answered else GONE)
        return self._given_up(call) if failure == GONE else failure

    def _given_up(self, call: Call) -> Failure:
        """Return by what a call was given up that ended because nobody waited for it."""
        if self._readiness.state == "stopped":
            return CUT
        return LATE if call.deadline.remaining() <= EARLY_SECONDS else GONE

    def _count_failure(self, failure: Failure) -> str | None:
        """Count a refusal or a cancellation by its cause, and return that."""
        if failure.refusal is not None:
            self.meter.refused(failure.refusal)
        if failure.cancellation is not None:
            self.meter.cancelled(failure.cancellation)
        return failure.refusal or failure.cancellation
