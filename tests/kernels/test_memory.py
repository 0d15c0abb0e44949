"""Nobody pays for what they did not want; the inputs are read only."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad_service.core import compute

MIB = 2**20
RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(40_000, 200)).astype(np.float32)  # 31 MiB
LABELS = RNG.integers(0, 200, 40_000)
SLACK = 8 * MIB
"""A few runs and one tile, whatever the batch."""


def peak(**arguments):
    """Return the most bytes that a call held, its answer included."""
    problem = Problem.of(arguments)
    tracemalloc.start()
    try:
        compute(problem)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"label_smoothing": 0.1},
        {"softcap": 10.0},
        {"loss": "hinge"},
        {"want": ["loss", "accuracy"]},
        {"want": ["db2", "row_losses", "predictions"]},
    ],
    ids=str,
)
def test_no_matrix_is_made_unless_wanted(options):
    assert peak(**{"scores": SCORES, "labels": LABELS, "want": ["loss"]} | options) < SLACK


@pytest.mark.parametrize("name", ["dscores", "probs"])
def test_a_wanted_matrix_is_made_once(name):
    assert peak(scores=SCORES, labels=LABELS, want=[name]) < SCORES.nbytes + SLACK


def test_a_narrow_output_is_made_in_its_own_dtype():
    size = SCORES.nbytes // 2
    arguments = {"want": ["dscores"], "gradient_dtype": "f16"}
    assert peak(scores=SCORES, labels=LABELS, **arguments) < size + SLACK


def test_inputs_that_are_not_contiguous_are_read_by_the_block():
    scores = np.ascontiguousarray(SCORES.reshape(200, 200, 200).swapaxes(0, 1)).swapaxes(0, 1)
    labels = LABELS.reshape(200, 200)
    assert peak(scores=scores, labels=labels, want=["loss"]) < SLACK
    swapped = SCORES.astype(">f4")
    assert peak(scores=swapped, labels=LABELS, want=["loss"]) < SLACK


def test_scores_that_are_computed_are_not_kept():
    h1, w2 = SCORES[:, :10], SCORES[:10]
    assert peak(h1=h1, w2=w2, labels=LABELS) < SLACK


@pytest.mark.parametrize(("hidden", "inner"), [(8192, 1), (1, 8192)])
def test_wide_layers_before_few_classes_are_worked_on_by_the_block(hidden, inner):
    """65,536 rows of two classes are small; as many rows of the widest layer are 2 GiB."""
    rows = 4096
    arguments = {
        "x": np.ones((rows, inner), np.float16),
        "w1": np.ones((inner, hidden), np.float16),
        "w2": np.ones((hidden, 2), np.float16),
        "labels": np.zeros(rows, np.int8),
    }
    assert peak(**arguments, want=["loss", "dw1", "dw2"]) < 6 * 8 * MIB


@pytest.mark.parametrize("shape", [(2_000_000, 1), (1, 2_000_000)], ids=str)
def test_long_weights_are_read_in_few_pieces_and_not_copied(shape):
    """As many pieces as rows would take minutes, a copy in float64 as much memory again."""
    w2 = np.ones(shape, np.float32)
    problem = {"scores": np.zeros((1, shape[1]), np.float32), "labels": [0], "w2": w2}
    assert peak(**problem, reg=1.0, want=["loss"]) < w2.nbytes + 2 * 8 * MIB + SLACK


def test_inputs_are_not_modified():
    rng = np.random.default_rng(1)
    arguments = {
        "x": rng.normal(size=(300, 4)),
        "w1": rng.normal(size=(4, 5)),
        "b1": rng.normal(size=5),
        "w2": rng.normal(size=(5, 3)),
        "b2": rng.normal(size=3),
        "targets": rng.random((300, 3)),
        "sample_weights": np.arange(300.0) % 3,
        "class_weights": rng.random(3),
    }
    arguments["x"][0] = np.nan  # its weight is 0
    before = {name: array.copy() for name, array in arguments.items()}
    for array in arguments.values():
        array.flags.writeable = False
    options = {"label_smoothing": 0.1, "z_loss": 0.1, "softcap": 9.0, "reg": 0.1}
    want = ["dscores", "dw2", "dw1", "dx", "dh1", "dtargets", "probs"]
    compute(Problem.of({**arguments, **options, "want": want}))
    for name, array in arguments.items():
        np.testing.assert_array_equal(array, before[name])
