"""A whole run: every way at every workload, then many callers, then memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rich.progress import track

from lossgrad.allocator import tune_unless_told
from lossgrad_service.benchmarks.callers import running_callers
from lossgrad_service.benchmarks.memory import LARGE, PROCESSES, memory_of_large_calls
from lossgrad_service.benchmarks.results import Memory, RatesByWay, Results, Times, TimesByWay
from lossgrad_service.benchmarks.servers import running_lossgrad, running_references
from lossgrad_service.benchmarks.throughput import BUSY, COUNTED, MANY, rates
from lossgrad_service.benchmarks.timing import turns
from lossgrad_service.benchmarks.ways import WAYS, Way, open_ways, ways_to
from lossgrad_service.benchmarks.workloads import Workload


def measure_own(workloads: Sequence[Workload], rounds: int) -> Results:
    """Measure a service that is started for it, and its memory."""
    with running_lossgrad() as child:
        found = measure(child.addresses, workloads, rounds)
    return replace(found, memory=_memory(workloads))


def measure(targets: Mapping[str, str], workloads: Sequence[Workload], rounds: int) -> Results:
    """Measure a running service beside what is started to compare it with.

    Memory is allocated in this process as in every process with a client, by all ways.

    Parameters
    ----------
    targets
        Where it is, by protocol: gRPC, HTTP, Unix.
    workloads
        What it is asked for.
    rounds
        Turns of each way.
    """
    tune_unless_told()
    with running_references() as references:
        everybody = {**references, **targets}
        times = {
            workload: _times(everybody, workload, rounds)
            for workload in track(workloads, "timing calls", transient=True)
        }
        busy = {workload: found for workload, found in times.items() if workload.name in BUSY}
        return Results(times=times, rates=_rates(everybody, busy))


def _times(targets: Mapping[str, str], workload: Workload, rounds: int) -> TimesByWay:
    with open_ways(targets, workload) as calls:
        found = {name: Times.of(taken) for name, taken in turns(calls, rounds).items()}
    return {way.name: found.get(way.name) for way in ways_to(targets)}


def _rates(
    targets: Mapping[str, str], times: Mapping[Workload, TimesByWay]
) -> dict[Workload, RatesByWay]:
    if not times:
        return {}
    with running_callers(MANY) as callers:
        return {
            workload: rates(callers, _counted(by_way), targets, workload)
            for workload, by_way in track(times.items(), "counting calls", transient=True)
        }


def _counted(times: TimesByWay) -> list[Way]:
    """Return the ways that are counted among those that take the workload."""
    return [WAYS[name] for name in COUNTED if times.get(name) is not None]


def _memory(workloads: Sequence[Workload]) -> dict[str, Memory]:
    return memory_of_large_calls() if LARGE in workloads and PROCESSES.exists() else {}
