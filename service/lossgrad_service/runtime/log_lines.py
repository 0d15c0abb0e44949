"""Events as lines of a log: JSON for programs, columns for people, and nothing of a payload.

A traceback is Python's own, with no frame's variables, which hold what callers sent.
"""

from __future__ import annotations

import os
import re
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import structlog

Event = MutableMapping[str, Any]

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def escape_control_characters(text: str) -> str:
    r"""Return `text` with control characters spelled out, a line break as ``\x0a``.

    What a caller sent can then neither start a line of its own nor move the cursor
    of whoever reads the log. So are halves of characters, which no file can hold.
    """
    return _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


def escaped(_logger: object, _level: str, event: Event) -> Event:
    """Return an event whose texts have no control characters; a traceback keeps its lines."""
    event["event"] = escape_control_characters(event["event"])
    if "exception" in event:
        lines = event["exception"].split("\n")
        event["exception"] = "\n".join(map(escape_control_characters, lines))
    return event


def as_json(_logger: object, level: str, event: Event) -> str:
    """Return the line of an event for programs: when, how severe, what and where; then the rest."""
    line = {
        "time": datetime.now(UTC),
        "level": level,
        "event": event.pop("event"),
        "pid": os.getpid(),
        **event,
    }
    return orjson.dumps(line, default=repr, option=orjson.OPT_UTC_Z).decode()


def for_people() -> list[Any]:
    """Return the steps that make a line with columns of an event, and a traceback below it."""
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        structlog.dev.ConsoleRenderer(
            colors="NO_COLOR" not in os.environ,
            sort_keys=False,
            # Where rich is installed the default prints the variables of every frame.
            exception_formatter=structlog.dev.plain_traceback,
        ),
    ]
