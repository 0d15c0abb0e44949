"""Logging: one line an event on standard error, nothing of a payload."""

from __future__ import annotations

import logging
import select
import sys
from contextlib import suppress
from io import UnsupportedOperation
from typing import Any, TextIO

import structlog

from lossgrad_service.runtime.log_lines import as_json, escaped, for_people


class Lines:
    """Writes lines, each of them at once; a log that cannot be written fails nobody's call.

    A pipe that nobody reads takes no more lines, and whoever waited for it would hold up all calls:
    lines are dropped meanwhile.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """Write a line, of whatever level, where there is room for it."""
        with suppress(OSError, ValueError):
            if has_room(self._stream):
                self._stream.write(line + "\n")
                self._stream.flush()

    debug = info = warning = error = msg


class Handler(logging.StreamHandler[TextIO]):
    """Writes records of the standard library's loggers, where there is room for them."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        with suppress(OSError, ValueError):
            if has_room(self.stream):
                super().emit(record)


def has_room(stream: TextIO) -> bool:
    """Return whether a line can be written without waiting for whoever reads them.

    Raises
    ------
    ValueError
        Where the stream is closed.
    """
    try:
        return bool(select.select((), (stream,), (), 0)[1])
    except UnsupportedOperation:  # it is no file
        return True


def tells_of_a_bug(record: logging.LogRecord) -> bool:
    """Return whether a record of grpcio's is anything but an answer to a call that had ended.

    A caller can end its call at any time, and would have a traceback logged each time.
    """
    error = record.exc_info[1] if record.exc_info else None
    return type(error).__name__ != "ExecuteBatchError"


def set_up_logging(level: str) -> None:
    """Send messages of `level` and above to standard error.

    For people where that is a terminal, and else each as a JSON object. Messages of libraries,
    which have loggers of the standard library as we do, come out like those of structlog.
    """
    least, stream = logging.getLevelNamesMapping()[level.upper()], sys.stderr
    rendering = for_people() if stream.isatty() else [as_json]
    structlog.configure(
        processors=rendering,
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: Lines(stream),
    )
    handler = Handler(stream)
    handler.setFormatter(formatter(rendering))
    logging.basicConfig(level=least, handlers=[handler], force=True)
    # Both tell of every start and connection at "info", which the listening lines cover.
    for library in ("uvicorn", "asyncio"):
        logging.getLogger(library).setLevel(max(logging.WARNING, least))
    logging.getLogger("grpc._cython.cygrpc").addFilter(tells_of_a_bug)


def formatter(rendering: list[Any]) -> logging.Formatter:
    """Return what makes lines of the standard library's records by structlog's last steps."""
    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            escaped,
            *rendering,
        ]
    )
