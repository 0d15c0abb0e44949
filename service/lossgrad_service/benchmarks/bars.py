"""What the service has to reach, beside what was measured in the same run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from lossgrad_service.benchmarks.results import RatesByWay, Results, TimesByWay
from lossgrad_service.benchmarks.throughput import MANY
from lossgrad_service.benchmarks.ways import names

MEBIBYTE: Final = 2**20


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing to reach."""

    text: str
    comparison: Literal["≤", "≥"]
    limit: float
    figure: float | None
    """None where it was not measured."""

    @property
    def is_met(self) -> bool | None:
        """Whether it is reached; None where nobody knows."""
        if self.figure is None:
            return None
        return self.figure <= self.limit if self.comparison == "≤" else self.figure >= self.limit


def bars_of(results: Results) -> list[Bar]:
    """Return the bars of the workloads that were measured."""
    times = {workload.name: by_way for workload, by_way in results.times.items()}
    rates = {workload.name: by_way for workload, by_way in results.rates.items()}
    return [*_bars_of_calls(times), *_bars_of_rates(rates), *_bars_of_memory(results)]


def _bars_of_calls(times: Mapping[str, TimesByWay]) -> Iterator[Bar]:
    if a := times.get("A"):
        yield _at_most(1.3, a, "A", names.UNARY, names.UNARY_ECHO)
    if b := times.get("B"):
        yield _at_most(1.4, b, "B", names.UNARY, names.UNARY_ECHO)
    if c := times.get("C"):
        yield _at_most(1.0, c, "C", names.STREAM, best_stream_echo(c), names.NUMPY)
    if d := times.get("D"):
        yield _at_most(1.2, d, "D", names.STREAM, best_stream_echo(d))
    yield from _bars_next_door(times)
    if b:
        yield _at_least(5, b, "B", names.FASTAPI, names.LISTS)
        yield _at_least(20, b, "B", names.FASTAPI, names.BASE64)


def _bars_next_door(times: Mapping[str, TimesByWay]) -> Iterator[Bar]:
    """Yield those of shared memory."""
    if c := times.get("C"):
        yield _at_most(1.0, c, "C", names.SHARED, names.PYTORCH)
    if d := times.get("D"):
        yield _at_most(2.5, d, "D", names.SHARED, names.MEMCPY)
        yield _at_most(1.5, d, "D", names.IN_PLACE, names.MEMCPY)


def best_stream_echo(times: TimesByWay) -> str:
    """Return the echo whose size of messages is the quickest, or would be if it was measured."""
    seconds = {name: found.median for name in names.STREAM_ECHOES if (found := times.get(name))}
    return min(names.STREAM_ECHOES, key=lambda name: seconds.get(name, float("inf")))


def _at_most(limit: float, times: TimesByWay, workload: str, ours: str, *others: str) -> Bar:
    text = f"{workload}: {_short(ours)} ÷ {_sum_of(others)}"
    return Bar(text, "≤", limit, _quotient(times, ours, *others))


def _at_least(limit: float, times: TimesByWay, workload: str, other: str, ours: str) -> Bar:
    text = f"{workload}: {other} ÷ {_short(ours)}"
    return Bar(text, "≥", limit, _quotient(times, other, ours))


def _short(ours: str) -> str:
    return ours.removeprefix("lossgrad ")


def _sum_of(names_: tuple[str, ...]) -> str:
    told = " + ".join(names_)
    return f"({told})" if len(names_) > 1 else told


def _quotient(times: TimesByWay, name: str, *others: str) -> float | None:
    """Return the median of one way by the sum of others."""
    found = [times.get(each) for each in (name, *others)]
    medians = [each.median for each in found if each is not None]
    return medians[0] / sum(medians[1:]) if len(medians) == len(found) else None


def _bars_of_rates(rates: Mapping[str, RatesByWay]) -> Iterator[Bar]:
    for workload, other, limit in (
        ("A", names.UNARY_ECHO, 0.8),
        ("A", names.GRPCIO, 1.4),
        ("B", names.UNARY_ECHO, 0.8),
        ("B", names.GRPCIO, 2.0),
    ):
        if workload in rates:
            text = f"{workload}, calls/s by {MANY}: {_short(names.UNARY)} ÷ {other}"
            yield Bar(text, "≥", limit, _rate_quotient(rates[workload], names.UNARY, other))


def _rate_quotient(rates: RatesByWay, name: str, other: str) -> float | None:
    if not {name, other} <= rates.keys():
        return None
    return rates[name][MANY] / rates[other][MANY]


def _bars_of_memory(results: Results) -> Iterator[Bar]:
    if ours := results.memory.get(names.STREAM):
        yield Bar("D: MiB of the server at its peak", "≤", 400, ours.peak / MEBIBYTE)
    if streamed := results.streamed:
        text = f"{streamed.gibibytes} GiB: MiB of the server above idle"
        yield Bar(text, "≤", 300, streamed.memory.above_idle / MEBIBYTE)
