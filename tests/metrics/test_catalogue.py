"""Every metric is documented, in base units, and has no label that callers fill."""

from __future__ import annotations

import re
from dataclasses import replace

import grpc
import pytest

from lossgrad_service.metrics.catalogue import (
    CATALOGUE,
    CODES,
    OF_CALLS,
    OF_WORKERS,
    SECONDS,
    Metric,
)
from lossgrad_service.metrics.cells import CELLS, FALLING, PID, TICK, cell_of, layout_of
from lossgrad_service.metrics.slab import Slab

COUNTED = ("calls", "threads", "connections", "ready", "info")
"""What a gauge without a unit ends with."""

metrics = pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)


@metrics
def test_names_are_prometheus_own(metric):
    assert re.fullmatch(r"lossgrad_[a-z]+(_[a-z]+)*", metric.name)
    assert (metric.kind == "counter") == metric.name.endswith("_total")


@metrics
def test_units_are_base_units(metric):
    words = metric.name.removesuffix("_total").split("_")
    assert not {"ms", "milliseconds", "us", "kib", "mib", "megabytes", "minutes"} & set(words)
    if metric.kind == "histogram":
        assert words[-1] == "seconds"
    if metric.kind == "gauge":
        assert words[-1] in ("seconds", "bytes", *COUNTED)


@metrics
def test_help_is_a_sentence_with_the_unit(metric):
    assert metric.help.endswith(".")
    assert "\n" not in metric.help
    for unit in ("seconds", "bytes"):
        if unit in metric.name:
            assert unit in metric.help.lower()


@metrics
def test_labels_are_few_words(metric):
    for name, values in metric.labels.items():
        assert re.fullmatch("[a-z]+", name)
        assert 1 < len(values) == len(set(values))
        assert all(re.fullmatch("[A-Za-z0-9_]+", value) for value in values)
    assert len(metric.series) <= 350


def test_names_are_told_once():
    assert len({metric.name for metric in CATALOGUE}) == len(CATALOGUE)


def test_buckets_rise():
    assert list(SECONDS) == sorted(set(SECONDS))


def test_codes_are_grpcs():
    assert dict(enumerate(CODES)) == {code.value[0]: code.name for code in grpc.StatusCode}


def test_each_number_has_a_cell_of_its_own():
    taken = [PID, TICK]
    for metric in (*OF_CALLS, *OF_WORKERS):
        for labels in metric.series:
            first = cell_of(metric, *labels)
            taken += range(first, first + metric.width)
    assert sorted(taken) == list(range(CELLS))


A_SERIES = (Metric("counter", "lossgrad_a_total", "A.", {"way": ("in", "out")}), ("in",))
OTHER_SERIES = {
    "another name": (replace(A_SERIES[0], name="lossgrad_b_total"), ("in",)),
    "another kind": (replace(A_SERIES[0], kind="gauge"), ("in",)),
    "another label": (replace(A_SERIES[0], labels={"side": ("in", "out")}), ("in",)),
    "another value": (A_SERIES[0], ("out",)),
    "other buckets": (replace(A_SERIES[0], buckets=(1.0,)), ("in",)),
}


def test_a_layout_is_told_by_what_stands_in_it_and_not_by_its_words():
    told_otherwise = replace(A_SERIES[0], help="B."), ("in",)
    assert layout_of([A_SERIES]) == layout_of([told_otherwise])
    assert layout_of([A_SERIES, *OTHER_SERIES.values()]) != layout_of(
        [*OTHER_SERIES.values(), A_SERIES]
    )


@pytest.mark.parametrize("other", OTHER_SERIES.values(), ids=OTHER_SERIES)
def test_another_layout_has_another_checksum(other):
    assert layout_of([A_SERIES]) != layout_of([other])


def test_what_falls_is_what_tells_of_now():
    gauges = [metric for metric in (*OF_CALLS, *OF_WORKERS) if metric.kind == "gauge"]
    cells = [cell_of(metric, *labels) for metric in gauges for labels in metric.series]
    assert sorted(FALLING) == sorted([PID, TICK, *cells])


def test_a_row_is_small():
    assert len(Slab.alone().row(0)) * 8 < 16 * 1024
