"""What was measured as tables: one for each workload, and those of the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from lossgrad_service.benchmarks.bars import MEBIBYTE, Bar, best_stream_echo
from lossgrad_service.benchmarks.figures import rounded, told_bytes
from lossgrad_service.benchmarks.kernel.libraries import version_of
from lossgrad_service.benchmarks.results import Memory, RatesByWay, Streamed, Times, TimesByWay
from lossgrad_service.benchmarks.throughput import COUNTED, MANY
from lossgrad_service.benchmarks.ways import names
from lossgrad_service.benchmarks.workloads import Workload

NOTHING = "–"


def echo_of(workload: Workload, times: TimesByWay) -> str:
    """Return the echo that travels as the client would send the workload."""
    return best_stream_echo(times) if workload.is_streamed else names.UNARY_ECHO


def times_table(workload: Workload, times: TimesByWay) -> Table:
    """Return the milliseconds of each way, and how many times a copy and an echo they are."""
    echo = echo_of(workload, times)
    table = _table(_title(workload), "way", "median ms", "p99 ms", "calls", "÷ memcpy", "÷ echo")
    table.caption = f"echo: {echo}; PyTorch {version_of('PyTorch') or 'is not installed'}"
    for name, found in times.items():
        ratios = [_ratio(found, times.get(reference)) for reference in (names.MEMCPY, echo)]
        table.add_row(name, *_columns(found), *ratios)
    return table


def _table(title: str, *headings: str) -> Table:
    """Return a table of numbers with a name at the left."""
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column(headings[0])
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _title(workload: Workload) -> str:
    sent, answered = told_bytes(workload.bytes_in), told_bytes(workload.bytes_out)
    return f"{workload}, float32, {sent} sent, {answered} answered"


def _columns(found: Times | None) -> tuple[str, ...]:
    if found is None:
        return (NOTHING,) * 3
    return rounded(1e3 * found.median, 3), rounded(1e3 * found.p99, 3), f"{found.calls:,}"


def _ratio(found: Times | None, reference: Times | None) -> str:
    if found is None or reference is None:
        return NOTHING
    return rounded(found.median / reference.median, 3)


def rates_table(rates: Mapping[Workload, RatesByWay]) -> Table:
    """Return the calls per second of each way, and how many times the echo many of them make."""
    headings = [
        text for workload in rates for text in (f"{workload.name} by 1", f"by {MANY}", "÷ echo")
    ]
    table = _table("calls per second by 1 caller and by many", "way", *headings)
    for name in COUNTED:
        table.add_row(name, *(text for each in rates.values() for text in _rates(each, name)))
    return table


def _rates(rates: RatesByWay, name: str) -> list[str]:
    if name not in rates:
        return [NOTHING] * 3
    echo = rates[names.UNARY_ECHO][MANY]
    return [
        *(rounded(rate, 3) for rate in rates[name].values()),
        rounded(rates[name][MANY] / echo, 3),
    ]


def memory_table(memory: Mapping[str, Memory]) -> Table:
    """Return the mebibytes of each server."""
    table = _table(
        "resident MiB of a server called by D", "server of", "idle", "peak", "above idle"
    )
    for name, found in memory.items():
        table.add_row(name, *_mebibytes(found))
    return table


def stream_table(streamed: Streamed) -> Table:
    """Return what a call took that is larger than memory."""
    title = f"{streamed.gibibytes} GiB of scores from a mapped file, dscores into another"
    table = _table(title, "way", "seconds", "MiB idle", "peak", "above idle")
    table.add_row(names.STREAM, rounded(streamed.seconds, 3), *_mebibytes(streamed.memory))
    return table


def _mebibytes(memory: Memory) -> list[str]:
    counts = (memory.idle, memory.peak, memory.above_idle)
    return [rounded(count / MEBIBYTE, 3) for count in counts]


def bars_table(bars: Sequence[Bar]) -> Table:
    """Return what was to be reached, and whether it was."""
    table = _table("what is to be reached", "", "wanted", "measured", "")
    for bar in bars:
        measured = NOTHING if bar.figure is None else rounded(bar.figure, 3)
        table.add_row(bar.text, f"{bar.comparison} {bar.limit:g}", measured, _VERDICTS[bar.is_met])
    return table


_VERDICTS = {True: "met", False: "missed", None: "not measured"}
