"""Logging: one line an event on standard error, nothing of a payload."""

from __future__ import annotations

import logging
import re

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def escape_control_characters(text: str) -> str:
    r"""Return `text` with control characters spelled out, a line break as ``\x0a``.

    What a caller sent can then neither start a line of its own nor move the cursor
    of whoever reads the log.
    """
    return _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


class EscapingFormatter(logging.Formatter):
    """Escapes messages; a traceback, which is made here, keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return the line of a record without its traceback."""
        return escape_control_characters(super().formatMessage(record))


def tells_of_a_bug(record: logging.LogRecord) -> bool:
    """Return whether a record of grpcio's is anything but an answer to a call that had ended.

    A caller can end its call at any time, and would have a traceback logged each time.
    """
    error = record.exc_info[1] if record.exc_info else None
    return type(error).__name__ != "ExecuteBatchError"


def set_up_logging(level: str) -> None:
    """Send messages of `level` and above to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(EscapingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Both tell of every start and connection at "info", which the listening lines cover.
    for library in ("uvicorn", "asyncio"):
        logging.getLogger(library).setLevel(max(logging.WARNING, logging.root.level))
    logging.getLogger("grpc._cython.cygrpc").addFilter(tells_of_a_bug)
