"""The line of each call."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

import structlog

from lossgrad_service.runtime.log_lines import escape_control_characters

_UNHEARD: Final = structlog.wrap_logger(
    None, processors=[], wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL)
).bind()


class CallLog:
    """Tells of the calls that ended: each in one line, with nothing of what it computed.

    It writes as logging was set up when it was made; where that was not, nothing.
    """

    def __init__(self) -> None:
        is_set_up = structlog.is_configured()
        self._log: Any = structlog.get_logger().bind() if is_set_up else _UNHEARD

    def ended(
        self,
        *,
        request_id: str,
        trace: tuple[str, str] | None,
        method: str,
        transport: str,
        caller: str,
        code: str,
        seconds: float,
        phases: Mapping[str, float],
        received: int,
        sent: int,
        rows: int,
        cause: str | None,
    ) -> None:
        """Write the line of a call: an error where it failed by a bug, else information.

        Parameters
        ----------
        request_id
            The call's.
        trace
            The ids of the trace that it is part of, and of its caller's span in it.
        method, transport, code, seconds, phases, received, sent, rows
            As they are counted; see `Meter`.
        caller
            The name of its caller.
        cause
            Of its refusal or its end, as it is counted; None where it was answered.
        """
        level = logging.ERROR if code == "INTERNAL" else logging.INFO
        if not self._log.is_enabled_for(level):
            return
        fields: dict[str, Any] = {"request_id": _visible(request_id)}
        if trace is not None:
            fields["trace_id"], fields["span_id"] = trace
        if cause is not None:
            fields["cause"] = cause
        self._log.log(
            level,
            "call",
            **fields,
            method=method,
            transport=transport,
            caller=_visible(caller),
            code=code,
            seconds=round(seconds, 6),
            phases={phase: round(spent, 6) for phase, spent in phases.items()},
            received=received,
            sent=sent,
            rows=rows,
        )


def _visible(text: str) -> str:
    is_plain = text.isascii() and text.isprintable()
    return text if is_plain else escape_control_characters(text)
