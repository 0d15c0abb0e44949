"""Lines of the log: one an event, for programs or for people, and nothing of a payload."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import structlog
from grpc._cython.cygrpc import ExecuteBatchError

from lossgrad_service.calls.call_log import CallLog
from lossgrad_service.runtime.log_lines import as_json, escape_control_characters, for_people
from lossgrad_service.runtime.logs import Lines, formatter, tells_of_a_bug
from tests.running import PATIENCE_SECONDS

CALL = {
    "request_id": "call-1",
    "trace": ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"),
    "method": "Compute",
    "transport": "grpc",
    "caller": "trainer",
    "code": "OK",
    "seconds": 0.00123456789,
    "phases": {"decode": 0.0001, "compute": 0.0007},
    "received": 61000,
    "sent": 500,
    "rows": 128,
    "cause": None,
}


# Calls


@pytest.fixture
def configured():
    """Set structlog up for lines of JSON from a level on; yields what does so."""

    def configure(level):
        stream = io.StringIO()
        structlog.configure(
            processors=[as_json],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=lambda *_: Lines(stream),
        )
        return stream

    yield configure
    structlog.reset_defaults()


def test_a_call_is_one_line_of_json(configured):
    stream = configured(logging.INFO)
    CallLog().ended(**CALL)
    assert stream.getvalue().count("\n") == 1
    line = json.loads(stream.getvalue())
    age = datetime.now(UTC) - datetime.fromisoformat(line.pop("time"))
    assert 0 <= age.total_seconds() < PATIENCE_SECONDS
    trace_id, span_id = CALL["trace"]
    expected = {name: value for name, value in CALL.items() if name not in ("trace", "cause")}
    assert line == {
        **expected,
        "level": "info",
        "event": "call",
        "pid": os.getpid(),
        "trace_id": trace_id,
        "span_id": span_id,
        "seconds": 0.001235,
    }


def test_a_refused_call_tells_why(configured):
    stream = configured(logging.INFO)
    refused = {"trace": None, "code": "RESOURCE_EXHAUSTED", "cause": "quota_calls"}
    CallLog().ended(**{**CALL, **refused})
    line = json.loads(stream.getvalue())
    assert (line["level"], line["cause"]) == ("info", "quota_calls")
    assert not {"trace", "trace_id", "span_id"} & set(line)


def test_bugs_alone_are_told_where_information_is_not(configured):
    stream = configured(logging.WARNING)
    log = CallLog()
    log.ended(**CALL)
    assert stream.getvalue() == ""
    log.ended(**{**CALL, "code": "INTERNAL"})
    assert json.loads(stream.getvalue())["level"] == "error"


def test_nothing_is_written_where_logging_was_not_set_up(capfd):
    CallLog().ended(**{**CALL, "code": "INTERNAL"})
    assert capfd.readouterr() == ("", "")


def test_what_a_caller_is_called_forges_no_line(configured):
    stream = configured(logging.INFO)
    CallLog().ended(**{**CALL, "caller": 'x\r\n{"event":"call"}\x9b2J\udc80'})
    assert stream.getvalue().count("\n") == 1
    caller = json.loads(stream.getvalue())["caller"]
    assert caller == 'x\\x0d\\x0a{"event":"call"}\\x9b2J\\xdc80'


class Full(io.StringIO):
    def flush(self):
        raise OSError("no space left on device")


def test_a_log_that_cannot_be_written_fails_no_call():
    Lines(Full()).msg("line")


# Records of the standard library


def record_of(message, *arguments, error=None):
    told = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord("grpc", logging.WARNING, "path", 1, message, arguments, told)


def as_line(record):
    return formatter([as_json]).format(record)


def as_text(record):
    return formatter(for_people()).format(record)


def failure():
    """Return an error whose traceback passes a frame that holds a payload."""
    payload = "-".join(["SECRET", "PAYLOAD"])
    try:
        payload.index("\n\x1b]0;")
    except ValueError as found:
        return ValueError("x\x1b[2Jy").with_traceback(found.__traceback__)


def test_records_of_libraries_come_out_the_same_way():
    line = json.loads(as_line(record_of("%s is late", "peer")))
    datetime.fromisoformat(line.pop("time"))
    assert line == {
        "level": "warning",
        "event": "peer is late",
        "pid": os.getpid(),
        "logger": "grpc",
    }


@pytest.mark.parametrize("rendered", [as_line, as_text])
def test_a_record_is_one_line(rendered):
    text = rendered(record_of("id %s", "a\r\nFAKE\x1b]0;"))
    assert "\n" not in text
    assert "]0;" in text
    assert "\x1b]" not in text


@pytest.mark.parametrize("rendered", [as_line, as_text])
def test_a_traceback_tells_where_and_nothing_of_what_is_there(rendered):
    text = rendered(record_of("bug", error=failure()))
    assert "ValueError" in text
    assert "in failure" in text
    assert "SECRET-PAYLOAD" not in text
    assert "\x1b[2J" not in text


def test_a_traceback_keeps_its_lines_for_people():
    text = as_text(record_of("bug", error=failure()))
    assert text.splitlines()[-1] == "ValueError: x\\x1b[2Jy"


def test_control_characters_are_spelled_out():
    assert escape_control_characters("a\nb\x1b[2J\x85\u2028é\t\udc80") == (
        "a\\x0ab\\x1b[2J\\x85\\x2028é\t\\xdc80"
    )


@pytest.mark.parametrize(("error", "tells"), [(ExecuteBatchError("x"), False), (KeyError(1), True)])
def test_answers_to_calls_that_had_ended_are_no_bugs(error, tells):
    record = record_of("m", error=error)
    assert tells_of_a_bug(record) is tells
    record.exc_info = None
    assert tells_of_a_bug(record)


# A process


TELLS = """
import logging
from lossgrad_service.calls.call_log import CallLog
from lossgrad_service.runtime.logs import set_up_logging

set_up_logging("info")
logging.getLogger("uvicorn.error").info("of no interest")
logging.getLogger("uvicorn.error").warning("of %s", "interest")
logging.getLogger("ours").debug("less than asked for")
CallLog().ended(**{call!r})
""".replace("{call!r}", repr(CALL))


def told_to(stderr, **variables):
    """Run a process that logs; return once it has ended."""
    command = [sys.executable, "-c", TELLS]
    environment = {**os.environ, **variables}
    done = subprocess.run(
        command, stderr=stderr, env=environment, check=True, timeout=PATIENCE_SECONDS
    )
    return done.stderr


def test_a_file_gets_a_json_object_for_each_line():
    lines = [json.loads(line) for line in told_to(subprocess.PIPE).splitlines()]
    assert [line["event"] for line in lines] == ["of interest", "call"]
    assert [line["level"] for line in lines] == ["warning", "info"]


@pytest.mark.parametrize(("variables", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_columns(monkeypatch, variables, is_coloured):
    monkeypatch.delenv("NO_COLOR", raising=False)
    ours, theirs = os.openpty()
    told_to(theirs, **variables)
    os.close(theirs)
    with open(ours, errors="replace") as terminal:
        first, second = (terminal.readline() for _ in range(2))
    assert ("\x1b[" in first) is is_coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", second)
    assert re.match(r"\d\d:\d\d:\d\d \[info +\] call +request_id=call-1 ", plain)


def test_a_pipe_that_nobody_reads_holds_up_nobody():
    reading, writing = os.pipe()
    with open(reading, "rb") as reader, open(writing, "w") as pipe:
        lines = Lines(pipe)
        for _ in range(2_000):
            lines.info("x" * 100)
        held = reader.read1(2**20)
        lines.info("read again")
        assert reader.read1(2**20).endswith(b"read again\n")
    assert len(held) < 2_000 * 101
    lines.info("closed")
