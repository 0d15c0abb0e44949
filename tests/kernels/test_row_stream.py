"""Rows that arrive in pieces of any size give the bits of the whole batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossgrad.errors import InvalidArgument
from lossgrad.types import Problem, dtypes
from lossgrad.types.quantities import OUTPUTS
from lossgrad_service.core import RowStream, compute
from lossgrad_service.core.gathering import Gatherer
from lossgrad_service.core.plan import Plan

STREAMED = ("scores", "targets", "h1", "x")
CLASSES, HIDDEN, INNER = 4096, 16, 5

RNG = np.random.default_rng(0)


def problem(kind, dtype, n_rows, want):
    def draw(*shape):
        return RNG.normal(size=shape).astype(dtypes.to_numpy(dtype))

    inputs = {
        "scores": {"scores": draw(n_rows, CLASSES)},
        "h1": {"h1": draw(n_rows, HIDDEN), "w2": draw(HIDDEN, CLASSES)},
        "both": {
            "scores": draw(n_rows, CLASSES),
            "h1": draw(n_rows, HIDDEN),
            "w2": draw(HIDDEN, CLASSES),
        },
        "x": {
            "x": draw(n_rows, INNER),
            "w1": draw(INNER, HIDDEN),
            "w2": draw(HIDDEN, CLASSES),
            "reg": 0.1,
        },
    }[kind]
    labels = {"labels": RNG.integers(CLASSES, size=n_rows), "sample_weights": RNG.random(n_rows)}
    return Problem.of({**inputs, **labels, "want": want})


def streamed(whole, cuts):
    """Compute a problem whose rows arrive cut at `cuts`."""
    stream = RowStream(whole)
    with_rows = [name for name in whole.want if name in OUTPUTS and OUTPUTS[name].has_rows]
    parts = {name: [] for name in with_rows}
    inputs = {name: array for name, array in whole.inputs.items() if name in STREAMED}
    for start, stop in zip([0, *cuts], [*cuts, whole.n_rows], strict=True):
        for block in stream.blocks({name: rows[start:stop] for name, rows in inputs.items()}):
            n = len(next(iter(block.values())))
            outputs = {
                name: np.empty(
                    (n, *whole.shape_of(name)[1:]), dtypes.to_numpy(whole.dtype_of(name))
                )
                for name in with_rows
            }
            stream.compute(block, outputs)
            for name, rows in outputs.items():
                parts[name].append(rows)
    return stream.finish() | {name: np.concatenate(rows) for name, rows in parts.items()}


WANTS = {
    "scores": ["loss", "dscores", "row_losses", "predictions", "accuracy"],
    "h1": ["loss", "probs"],
    "both": ["loss", "dw2", "db2", "dh1"],
    "x": ["loss", "dscores", "dw2", "db2", "dw1", "db1", "dx"],
}


@pytest.mark.parametrize("kind", WANTS)
@pytest.mark.parametrize("dtype", ["f32", "f16"])
@settings(max_examples=5)
@given(cuts=st.lists(st.integers(1, 599), max_size=8))
def test_cuts_change_no_bit(kind, dtype, cuts):
    whole = problem(kind, dtype, 600, WANTS[kind])
    assert Plan.of(whole).fed_rows < 600
    found, expected = streamed(whole, sorted(set(cuts))), compute(whole)
    for name in (*expected.scalars, *expected.arrays):
        np.testing.assert_array_equal(found[name], getattr(expected, name))


@given(n_rows=st.integers(1, 200), step=st.sampled_from([1, 4, 16]), data=st.data())
def test_gathered_blocks(n_rows, step, data):
    cuts = sorted(data.draw(st.sets(st.integers(1, n_rows))) | {n_rows})
    gatherer, rows, found = Gatherer(n_rows, step), np.arange(n_rows), []
    for start, stop in zip([0, *cuts], cuts, strict=False):
        found += [block["a"].copy() for block in gatherer.take({"a": rows[start:stop]}, 32)]
    np.testing.assert_array_equal(np.concatenate(found), rows)
    assert all(len(block) % step == 0 and len(block) <= 32 for block in found[:-1])


def test_aligned_pieces_are_not_copied():
    rows = np.arange(64)
    gatherer = Gatherer(64, 16)
    for start in (0, 16, 32):
        (block,) = gatherer.take({"a": rows[start : start + 16]}, 32)
        assert np.shares_memory(block["a"], rows)


def test_errors_name_rows_of_the_whole_batch():
    scores = np.zeros((600, CLASSES), np.float32)
    scores[599, 7] = np.nan
    whole = Problem.of({"scores": scores, "labels": np.zeros(600, int)})
    with pytest.raises(InvalidArgument) as alone:
        compute(whole)
    with pytest.raises(InvalidArgument) as caught:
        streamed(whole, [100, 500])
    assert str(caught.value) == str(alone.value)
    assert "(599, 7)" in str(caught.value)
