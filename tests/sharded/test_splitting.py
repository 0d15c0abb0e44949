"""Where a batch is cut."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from lossgrad.sharded.splitting import cut, parts_worth
from lossgrad.types import Problem


def scores(rows: int, classes: int = 2, **options) -> Problem:
    return Problem.of(
        {"scores": np.zeros((rows, classes), np.float32), "labels": np.zeros(rows, int)} | options
    )


def layer(rows: int, hidden: int, classes: int, **options) -> Problem:
    w2 = np.zeros((hidden, classes), np.float32)
    h1 = np.zeros((rows, hidden), np.float32)
    return Problem.of({"h1": h1, "w2": w2, "labels": np.zeros(rows, int)} | options)


@pytest.mark.parametrize("rows", [1, 2, 5, 255, 256, 1000, 1024, 1100, 4096])
@pytest.mark.parametrize("parts", [1, 2, 3, 4, 7])
def test_parts_cover_the_batch(rows, parts):
    spans = cut(rows, min(rows, parts))
    assert (spans[0].start, spans[-1].stop) == (0, rows)
    assert all(one.stop == other.start for one, other in pairwise(spans))
    assert all(span.stop > span.start for span in spans)
    assert len(spans) == min(rows, parts)


def test_no_rows_are_one_part():
    assert cut(0, parts_worth(scores(0), 4)) == [slice(0, 0)]


def test_parts_with_enough_rows_are_cut_between_tiles():
    assert [span.start for span in cut(4100, 4)] == [0, 1024, 2048, 3072]


def test_small_batches_are_not_cut():
    worth = [parts_worth(scores(rows, 1024), 4) for rows in (1, 100, 600, 1000, 4096)]
    assert worth == [1, 1, 2, 3, 4]


def test_parameters_that_weigh_more_than_the_rows_are_sent_once():
    worth = [parts_worth(layer(rows, 512, 32_000), 4) for rows in (16, 1024, 2048, 8192)]
    assert worth == [1, 1, 3, 4]


def test_cuts_do_not_depend_on_what_is_wanted():
    asked = [["loss"], ["dw2", "db2", "dh1", "probs"]]
    worth = {parts_worth(layer(4000, 300, 300, want=want), 4) for want in asked}
    assert worth == {4}
