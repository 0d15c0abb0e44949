"""Nobody pays for what they did not want; the inputs are read only."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad_service.core import compute
from lossgrad_service.kernels.matrices.tiles import MAX_BLOCK_BYTES as BLOCK
from tests.kernels.processes import in_fresh_process

MIB = 2**20
RNG = np.random.default_rng(0)
ROWS, CLASSES = 160_000, 200
SCORES = RNG.random((ROWS, CLASSES), np.float32)  # 122 MiB
LABELS = RNG.integers(0, CLASSES, ROWS)
SLACK = 8 * MIB
"""Numbers of each row, and what a few threads work on."""


def peak(**arguments):
    """Return the most bytes that a call held, its answer included.

    What is compiled holds a few rows of its own, which are not among them.
    """
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
        {"want": ["row_losses", "predictions", "log_partition"]},
    ],
    ids=str,
)
def test_no_matrix_is_made_unless_wanted(options):
    assert peak(**{"scores": SCORES, "labels": LABELS, "want": ["loss"]} | options) < SLACK


def test_a_gradient_that_is_only_added_up_is_made_by_the_block():
    assert peak(scores=SCORES, labels=LABELS, want=["db2"]) < BLOCK + SLACK


@pytest.mark.parametrize("name", ["dscores", "probs"])
def test_a_wanted_matrix_is_made_once(name):
    assert peak(scores=SCORES, labels=LABELS, want=[name]) < SCORES.nbytes + SLACK


def test_a_narrow_output_is_made_in_its_own_dtype():
    size = SCORES.nbytes // 2
    arguments = {"want": ["dscores"], "gradient_dtype": "f16"}
    assert peak(scores=SCORES, labels=LABELS, **arguments) < size + SLACK


def test_inputs_that_are_not_contiguous_are_read_by_the_block():
    """A block is held until the next is read."""
    scores = SCORES.reshape(400, 400, CLASSES).swapaxes(0, 1)
    labels = LABELS.reshape(400, 400)
    assert peak(scores=scores, labels=labels, want=["loss"]) < 2 * BLOCK + SLACK


@pytest.mark.parametrize("dtype", [">f4", "f2"])
def test_inputs_of_another_dtype_are_read_by_the_run(dtype):
    assert peak(scores=SCORES.astype(dtype), labels=LABELS, want=["loss"]) < SLACK


def test_scores_that_are_computed_are_not_kept():
    """A block of them is, and one of their gradient."""
    h1, w2 = SCORES[:, :10], SCORES[:10]
    assert peak(h1=h1, w2=w2, labels=LABELS) < 2 * BLOCK + SLACK


OF_A_PROCESS = """
    import resource
    import sys

    import numpy as np
    from lossgrad.types import Problem
    from lossgrad_service.core import compute

    UNIT = 1 if sys.platform == "darwin" else 1024
    rng = np.random.default_rng(0)
    w2 = rng.normal(size=(4, 128_256)).astype(np.float32)

    def peak_after(rows):
        h1, labels = rng.normal(size=(rows, 4)).astype(np.float32), np.zeros(rows, int)
        want = ["loss", "dw2", "db2", "dh1", "row_losses"]
        compute(Problem.of({"h1": h1, "w2": w2, "labels": labels, "want": want}))
        return UNIT * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    alone = peak_after(1)
    print(peak_after(2500) - alone)
"""


def test_resident_memory_does_not_grow_with_the_rows():
    """2,500 rows of 128,256 scores are 1.2 GiB: a block of them is there, one of the gradient."""
    assert int(in_fresh_process(OF_A_PROCESS)) < 3 * BLOCK


@pytest.mark.parametrize(("hidden", "inner"), [(8192, 1), (1, 8192)])
def test_wide_layers_before_few_classes_are_worked_on_by_the_block(hidden, inner):
    """8,192 rows of two classes are small; as many rows of the widest layer are 8 blocks."""
    rows = 8192
    arguments = {
        "x": np.ones((rows, inner), np.float16),
        "w1": np.ones((inner, hidden), np.float16),
        "w2": np.ones((hidden, 2), np.float16),
        "labels": np.zeros(rows, np.int8),
    }
    assert peak(**arguments, want=["loss", "dw1", "dw2"]) < 4 * BLOCK


@pytest.mark.parametrize("shape", [(2_000_000, 1), (1, 2_000_000)], ids=str)
def test_long_weights_are_read_in_few_pieces_and_not_copied(shape):
    """As many pieces as rows would take minutes, a copy in float64 as much memory again."""
    w2 = np.ones(shape, np.float32)
    problem = {"scores": np.zeros((1, shape[1]), np.float32), "labels": [0], "w2": w2}
    room_for_a_row = w2.nbytes
    assert (
        peak(**problem, reg=1.0, want=["loss"]) < room_for_a_row + w2.nbytes + 2 * 8 * MIB + SLACK
    )


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
