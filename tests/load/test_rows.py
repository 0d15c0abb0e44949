"""Figures of steps are those of the calls that ended in them."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from load.recorder import Asked, Recorder
from load.rows import Row, percentile, read_rows, rows_of, totals, write_rows
from load.timeline import Span

TINY, LARGE = Asked("gRPC", "tiny"), Asked("POST", "imagenet")


def rows() -> list[Row]:
    """Of two steps: a hundred calls, of which one fails, and then nothing."""
    kept = Recorder()
    for thousandth in range(1, 100):
        kept.add(TINY, 1.0, thousandth / 1e3)
    kept.add_failure(LARGE, 1.5)
    return rows_of(kept, [Span(4, 0.0, 2.0), Span(8, 2.0, 4.0)])


def test_total_counts_every_way():
    total = totals(rows())[0]
    assert (total.step, total.users, total.calls, total.failures) == (1, 4, 100, 1)


def test_only_answers_have_a_rate_and_latencies():
    total = totals(rows())[0]
    assert total.calls_per_second == 99 / 2
    assert total.mean_ms == pytest.approx(50)
    assert (total.p50_ms, total.p99_ms) == pytest.approx((50, 99))


def test_ways_are_told_apart():
    found = {(row.way, row.question): row for row in rows() if row.step == 1}
    assert found[TINY].failures == 0
    assert found[LARGE].failures == found[LARGE].calls == 1
    assert math.isnan(found[LARGE].p99_ms)


def test_step_without_calls_has_no_latency():
    total = totals(rows())[1]
    assert total.calls == total.calls_per_second == 0
    assert math.isnan(total.mean_ms)
    assert math.isnan(total.p50_ms)


@pytest.mark.parametrize(("percent", "time"), [(50, 2.0), (75, 3.0), (76, 4.0), (99, 4.0)])
def test_percentile_is_a_time_that_was_measured(percent, time):
    assert percentile(np.array([4.0, 1.0, 3.0, 2.0]), percent) == time


def test_file_has_all_figures(tmp_path: Path):
    path = tmp_path / "new" / "rows.csv"
    write_rows(rows(), path)
    for read, written in zip(read_rows(path), rows(), strict=True):
        assert asdict(read) == pytest.approx(asdict(written), nan_ok=True)
