"""One run of locust, in a process of its own: gevent patches it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from load.rows import Row, read_rows, totals

ROOT = Path(__file__).parents[1]

LOCUST = (
    sys.executable, "-m", "locust", "-f", "load/locustfile.py",
    "--headless", "--only-summary", "--skip-log", "--stop-timeout", "30",
)  # fmt: skip
"""Calls under way get as long to end as a call may take."""


@dataclass(frozen=True, slots=True)
class Run:
    """A workload in a shape."""

    workload: str
    shape: str
    seconds: float | None = None
    """As the shape has it where this is None."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run went."""

    run: Run
    exit_code: int
    totals: Sequence[Row]
    """One row for each step."""


def run_locust(run: Run, targets: Mapping[str, str], out: Path) -> Outcome:
    """Load the service at `targets`, and leave a CSV and an HTML file in the folder `out`."""
    path = ROOT / out / f"{run.workload}-{run.shape}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    flags = _flags(run, targets, path)
    done = subprocess.run([*LOCUST, *flags], cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    rows = read_rows(path) if path.exists() else []
    return Outcome(run, done.returncode, totals(rows))


def _flags(run: Run, targets: Mapping[str, str], path: Path) -> Iterator[str]:
    yield from ("--workload", run.workload, "--shape", run.shape)
    if run.seconds is not None:
        yield from ("--seconds", str(run.seconds))
    yield from ("--grpc-target", targets["gRPC"], "--host", targets["HTTP"])
    yield from ("--rows", str(path), "--html", str(path.with_suffix(".html")))
