"""Where a batch is cut."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from lossgrad.sharded.splitting import LEAST, spans_of
from lossgrad.types import Problem


def scores(rows: int, classes: int = 2, **options) -> Problem:
    return Problem.of(
        {"scores": np.zeros((rows, classes), np.float32), "labels": np.zeros(rows, int)} | options
    )


def layer(rows: int, hidden: int, classes: int, **options) -> Problem:
    w2 = np.zeros((hidden, classes), np.float32)
    h1 = np.zeros((rows, hidden), np.float32)
    return Problem.of({"h1": h1, "w2": w2, "labels": np.zeros(rows, int)} | options)


@pytest.mark.parametrize("rows", [0, 1, 2, 5, 255, 256, 1000, 1024, 1100, 4096])
@pytest.mark.parametrize("most", [1, 2, 3, 4, 7])
def test_parts_cover_the_batch(rows, most):
    spans = spans_of(scores(rows), most, least=1)
    assert spans[0].start == 0
    assert spans[-1].stop == rows
    assert all(one.stop == other.start for one, other in pairwise(spans))
    assert len(spans) == max(1, min(rows, most))
    assert rows == 0 or all(span.stop > span.start for span in spans)


def test_parts_with_enough_rows_are_cut_between_tiles():
    starts = [span.start for span in spans_of(scores(4100), 4, least=1)]
    assert starts == [0, 1024, 2048, 3072]


def test_small_batches_are_not_cut():
    assert len(spans_of(scores(1000), 4, LEAST)) == 1
    assert len(spans_of(scores(1000, 1024), 4, LEAST)) == 3
    assert len(spans_of(scores(4096, 1024), 4, LEAST)) == 4


def test_parameters_that_weigh_more_than_the_rows_are_sent_once():
    assert len(spans_of(layer(16, 512, 32_000), 4, LEAST)) == 1
    assert len(spans_of(layer(1024, 512, 32_000), 4, LEAST)) == 4


def test_cuts_do_not_depend_on_what_is_wanted():
    asked = [["loss"], ["dw2", "db2", "dh1", "dscores", "probs"]]
    spans = [spans_of(layer(400, 300, 300, want=want), 4, LEAST) for want in asked]
    assert spans[0] == spans[1]
    assert len(spans[0]) > 1
