"""What happens when locust says that a call has ended, a report is due, or all is over."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from locust.env import Environment
from locust.event import Events
from locust.runners import WorkerRunner

from load.budgets import read_budget
from load.kept import RECORDER, TIMELINE
from load.options import add_options
from load.questions import question
from load.recorder import Asked
from load.rows import rows_of, write_rows
from load.shapes import SHAPES
from load.verdict import Verdict, judge
from load.workloads import WORKLOADS

SHOWN_FAILURES = 3


def listen(events: Events) -> None:
    """Have locust call what stands below."""
    events.init_command_line_parser.add_listener(add_options)
    events.init.add_listener(_prepare)
    events.test_start.add_listener(_forget)
    events.request.add_listener(_record)
    events.report_to_master.add_listener(_hand_over)
    events.worker_report.add_listener(_take_over)
    events.quitting.add_listener(_report)


def _prepare(environment: Environment, **_: Any) -> None:
    """Check the options, and find the right answers before anything is timed."""
    options = environment.parsed_options
    workload = WORKLOADS[options.workload]
    try:
        SHAPES[options.shape].steps(workload, options.seconds)
        read_budget(Path(options.budgets), options.workload, options.shape)
    except ValueError as error:
        sys.exit(f"load: {error}")
    for name in workload.questions:
        _ = question(name).right_loss
    for name in workload.over_http:
        _ = question(name).body


def _forget(**_: Any) -> None:
    """Begin again, as from locust's page, where one process makes several runs."""
    RECORDER.hand_over()
    TIMELINE.forget()


def _record(
    request_type: str, name: str, response_time: float, exception: Exception | None, **_: Any
) -> None:
    asked, now = Asked(request_type, name), time.time()
    if exception is None:
        RECORDER.add(asked, now, response_time / 1e3)
    else:
        RECORDER.add_failure(asked, now)


def _hand_over(data: dict[str, Any], **_: Any) -> None:
    """Send a worker's calls to the master, where the steps are known."""
    data["lossgrad_calls"] = RECORDER.hand_over()


def _take_over(data: dict[str, Any], **_: Any) -> None:
    RECORDER.take_over(data["lossgrad_calls"])


def _report(environment: Environment, **_: Any) -> None:
    """Write the rows and set the exit code, where the steps are known."""
    if isinstance(environment.runner, WorkerRunner):
        return
    options = environment.parsed_options
    rows = rows_of(RECORDER, TIMELINE.spans)
    write_rows(rows, Path(options.rows))
    budget = read_budget(Path(options.budgets), options.workload, options.shape)
    verdict, reasons = judge(rows, RECORDER.failed_share(), budget)
    for line in (*reasons, *_failures(environment)):
        print(f"load: {options.workload} {options.shape}: {line}", file=sys.stderr)
    _exit_with(environment, verdict)


def _failures(environment: Environment) -> Iterator[str]:
    """Yield the first few kinds of failures; locust's page has them all."""
    for failure in list(environment.stats.errors.values())[:SHOWN_FAILURES]:
        yield f"{failure.occurrences} × {failure.method} {failure.name}: {failure.error}"


def _exit_with(environment: Environment, verdict: Verdict) -> None:
    """Set the exit code; one that locust has for mishaps of its own stays where all was kept."""
    environment.parsed_options.exit_code_on_error = Verdict.KEPT  # the budget has judged failures
    environment.process_exit_code = verdict or None
