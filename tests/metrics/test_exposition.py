"""The text of the metrics, as Prometheus' own parser reads it."""

from __future__ import annotations

import os
from collections import Counter
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossgrad_service.metrics import CODES, CONTENT_TYPE, Exposition, Meter, Place, Slab
from lossgrad_service.metrics.catalogue import (
    CATALOGUE,
    COMPUTING,
    SECONDS,
    Direction,
    Dtype,
    MethodName,
    Phase,
    Refusal,
    Transport,
)
from lossgrad_service.metrics.processes import usage_of
from lossgrad_service.metrics.slab import shared_memory
from tests.metrics.reading import BUILD, families_of, value_of, values_of

WAY = {"method": "Compute", "transport": "grpc"}
PHASES = {"decode": 0.0002, "wait": 0.0, "compute": 0.3, "encode": 0.004}


def ended(meter, seconds=0.31, phases=PHASES, code="OK", method="Compute"):
    meter.begun(method, "grpc")
    meter.ended(method, "grpc", code, seconds, phases, received=1000, sent=500)


@pytest.fixture
def two():
    """A slab of two places."""
    descriptor = shared_memory(2)
    try:
        yield Slab.at(descriptor, 2)
    finally:
        os.close(descriptor)


def test_every_metric_is_told_with_its_help_and_kind():
    told = families_of(Slab.alone())
    for metric in CATALOGUE:
        family = told.pop(metric.name.removesuffix("_total"))
        assert (family.type, family.documentation) == (metric.kind, metric.help)
    assert told == {}


def test_every_series_is_told_before_anything_happened():
    values = values_of(Slab.alone())
    expected = [
        (metric.name, *sorted(zip(metric.labels, labels, strict=True)))
        for metric in CATALOGUE
        for labels in metric.series
        if metric.kind == "counter" and "worker" not in metric.name
    ]
    assert {values[series] for series in expected} == {0.0}


def test_a_call_is_told():
    place = Place.alone()
    ended(Meter(place.row))
    values = {
        "lossgrad_received_bytes_total": 1000,
        "lossgrad_sent_bytes_total": 500,
        "lossgrad_in_flight_calls": 0,
        "lossgrad_request_duration_seconds_sum": 0.31,
        "lossgrad_request_duration_seconds_count": 1,
    }
    assert {name: value_of(place.slab, name, **WAY) for name in values} == values
    assert value_of(place.slab, "lossgrad_requests_total", **WAY, code="OK") == 1
    for phase, seconds in PHASES.items():
        name = "lossgrad_phase_duration_seconds"
        assert value_of(place.slab, f"{name}_sum", **WAY, phase=phase) == seconds
        assert value_of(place.slab, f"{name}_count", **WAY, phase=phase) == 1


def test_what_is_computed_is_told():
    place = Place.alone()
    Meter(place.row).computed("Compute", "grpc", "float64", 8, 80)
    assert value_of(place.slab, "lossgrad_rows_total", **WAY) == 8
    assert value_of(place.slab, "lossgrad_kernel_cells_total", dtype="float64") == 80
    assert value_of(place.slab, "lossgrad_kernel_cells_total", dtype="float32") == 0


@pytest.mark.parametrize("direction", get_args(Direction))
def test_messages_of_streams_are_told_with_their_bytes(direction):
    place = Place.alone()
    Meter(place.row).streamed(direction, 1000)
    name, way = f"lossgrad_{direction}_bytes_total", {"method": "ComputeStream"}
    assert value_of(place.slab, "lossgrad_stream_messages_total", direction=direction) == 1
    assert value_of(place.slab, name, **way, transport="grpc") == 1000
    changed = [cell for cell in place.row if cell]
    assert sorted(changed) == [1, 1000]


def test_a_call_under_way_is_in_flight():
    place = Place.alone()
    Meter(place.row).begun("ComputeStream", "grpc")
    way = {"method": "ComputeStream", "transport": "grpc"}
    assert value_of(place.slab, "lossgrad_in_flight_calls", **way) == 1


def test_phases_of_what_computes_nothing_are_left_out():
    place = Place.alone()
    before = values_of(place.slab)
    ended(Meter(place.row), method="GetServerInfo")
    changed = {
        series[0] for series, value in values_of(place.slab).items() if before[series] != value
    }
    assert "lossgrad_requests_total" in changed
    assert not [name for name in changed if name.startswith("lossgrad_phase")]


@pytest.mark.parametrize(
    ("seconds", "smallest"),
    [(0.0, SECONDS[0]), (0.0001, 0.0001), (0.00011, 0.00025), (300.0, 300.0), (301.0, None)],
)
def test_a_bucket_has_what_is_not_above_its_bound(seconds, smallest):
    place = Place.alone()
    ended(Meter(place.row), seconds=seconds)
    bounds = [*map(repr, SECONDS), "+Inf"]
    name = "lossgrad_request_duration_seconds_bucket"
    counts = [value_of(place.slab, name, **WAY, le=bound) for bound in bounds]
    first = len(SECONDS) if smallest is None else SECONDS.index(smallest)
    assert counts == [0.0] * first + [1.0] * (len(bounds) - first)


def test_workers_are_told_one_by_one(two):
    first, second = Place(two, 0), Place(two, 1)
    first.take()
    first.set_ready(True)
    second.count_restart("exit")
    assert [value_of(two, "lossgrad_worker_ready", worker=w) for w in "12"] == [1, 0]
    assert [
        value_of(two, "lossgrad_worker_restarts_total", worker=w, cause="exit") for w in "12"
    ] == [0, 1]
    resident = value_of(two, "lossgrad_worker_resident_memory_bytes", worker="1")
    assert 2**20 < resident < 2**40
    # A place that no process has uses nothing of the machine.
    told = values_of(two)
    assert ("lossgrad_worker_resident_memory_bytes", ("worker", "2")) not in told


def test_a_worker_is_told_as_one_while_another_process_takes_over(two):
    before, after = Place(two, 0), Place(two, 0, 1)
    for process in (before, after):
        process.take()
        process.count_restart("reload")
        Meter(process.row).refused("bytes")
        Meter(process.row).begun("Compute", "grpc")
    before.set_ready(True)
    assert after.others_are_ready()
    assert [value_of(two, "lossgrad_worker_ready", worker=w) for w in "12"] == [1, 0]
    assert value_of(two, "lossgrad_worker_restarts_total", worker="1", cause="reload") == 2
    assert value_of(two, "lossgrad_refusals_total", cause="bytes") == 2
    assert value_of(two, "lossgrad_in_flight_calls", **WAY) == 2
    resident = value_of(two, "lossgrad_worker_resident_memory_bytes", worker="1")
    assert resident == pytest.approx(2 * usage_of(os.getpid()).resident_bytes, rel=0.1)
    before.leave()
    assert not after.others_are_ready()
    assert value_of(two, "lossgrad_worker_start_time_seconds", worker="1") > 0
    assert value_of(two, "lossgrad_in_flight_calls", **WAY) == 1
    assert value_of(two, "lossgrad_refusals_total", cause="bytes") == 2


def test_build_is_told_whatever_it_is_called():
    text = Exposition(Slab.alone(), {"version": 'a"b\\c\nd'}).text()
    assert rb'lossgrad_build_info{version="a\"b\\c\nd"} 1' in text
    assert value_of(Slab.alone(), "lossgrad_build_info", **BUILD) == 1


def test_content_type_is_prometheus_own():
    from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

    assert CONTENT_TYPE == CONTENT_TYPE_PLAIN_0_0_4


places, sizes = st.integers(0, 1), st.integers(0, 2**40)
methods, transports = st.sampled_from(get_args(MethodName)), st.sampled_from(get_args(Transport))
phases = st.dictionaries(st.sampled_from(get_args(Phase)), st.sampled_from((0.0, 0.25, 512.0)))
rows = st.integers(0, 2**30)
calls = st.tuples(places, methods, transports, st.sampled_from(CODES), phases, sizes, sizes)
events = st.one_of(
    st.tuples(places, st.just("refused"), st.sampled_from(get_args(Refusal))),
    st.tuples(places, st.just("streamed"), st.sampled_from(get_args(Direction)), sizes),
    st.tuples(
        *(places, st.just("computed"), methods, transports),
        *(st.sampled_from(get_args(Dtype)), rows, sizes),
    ),
)


def tallied(drawn_calls, drawn_events):
    """Return the counters as a simple count has them."""
    found = Counter()
    for _, method, transport, code, spent, received, sent in drawn_calls:
        way = (("method", method), ("transport", transport))
        found["lossgrad_requests_total", ("code", code), *way] += 1
        found["lossgrad_received_bytes_total", *way] += received
        found["lossgrad_sent_bytes_total", *way] += sent
        for phase, seconds in spent.items():
            if method in COMPUTING:
                labels = (way[0], ("phase", phase), way[1])
                found["lossgrad_phase_duration_seconds_sum", *labels] += seconds
                found["lossgrad_phase_duration_seconds_count", *labels] += 1
    for _, what, *told in drawn_events:
        found.update(dict(TALLIES[what](*told)))
    return found


def refused(cause):
    yield ("lossgrad_refusals_total", ("cause", cause)), 1


def streamed(direction, size):
    way = (("method", "ComputeStream"), ("transport", "grpc"))
    yield ("lossgrad_stream_messages_total", ("direction", direction)), 1
    yield (f"lossgrad_{direction}_bytes_total", *way), size


def computed(method, transport, dtype, n_rows, cells):
    yield ("lossgrad_rows_total", ("method", method), ("transport", transport)), n_rows
    yield ("lossgrad_kernel_cells_total", ("dtype", dtype)), cells


TALLIES = {"refused": refused, "streamed": streamed, "computed": computed}


@settings(max_examples=25)
@given(st.lists(calls, max_size=6), st.lists(events, max_size=6))
def test_what_is_told_is_the_sum_of_what_each_worker_counted(drawn_calls, drawn_events):
    descriptor = shared_memory(2)
    slab = Slab.at(descriptor, 2)
    os.close(descriptor)
    meters = [Meter(slab.row(0, seat=1)), Meter(slab.row(1))]
    for place, method, transport, code, spent, received, sent in drawn_calls:
        meters[place].begun(method, transport)
        meters[place].ended(method, transport, code, 1.0, spent, received, sent)
    for place, what, *labels in drawn_events:
        getattr(meters[place], what)(*labels)
    told = values_of(slab)
    expected = tallied(drawn_calls, drawn_events)
    assert {series: told[series] for series in expected} == expected
    n_calls = sum(v for (name, *_), v in told.items() if name == "lossgrad_requests_total")
    assert n_calls == len(drawn_calls)
    assert not any(v for (name, *_), v in told.items() if name == "lossgrad_in_flight_calls")
