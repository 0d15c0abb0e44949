"""Work that nobody wants any more ends at its next checkpoint, on every thread."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from threading import Barrier, Lock, get_ident

import numpy as np
import pytest

from lossgrad.errors import Cancelled
from lossgrad.types import Problem
from lossgrad_service.core import RowStream, compute
from lossgrad_service.core.plan import Plan
from lossgrad_service.kernels.matrices import products, sums, tiles
from lossgrad_service.kernels.matrices.linear import add_scaled, sum_of_squares
from lossgrad_service.kernels.parallel import in_parallel
from lossgrad_service.kernels.wanted import CHECKPOINT, while_wanted
from tests.kernels.test_threads import CLASSES, HIDDEN, ROWS, bits, problem
from tests.running import PATIENCE_SECONDS

pytestmark = pytest.mark.usefixtures("two_helpers")


class Checkpoint:
    """Counts how often it is called, by whom, and raises from some time on."""

    def __init__(self, last: float = float("inf")) -> None:
        self.count = 0
        self.threads: set[int] = set()
        self._last = last
        self._lock = Lock()

    def __call__(self) -> None:
        with self._lock:
            self.count += 1
            self.threads.add(get_ident())
            if self.count > self._last:
                raise Cancelled("not wanted")


@contextmanager
def asked(checkpoint):
    token = CHECKPOINT.set(checkpoint)
    try:
        yield checkpoint
    finally:
        CHECKPOINT.reset(token)


def test_each_item_is_asked_for():
    with asked(Checkpoint()) as checkpoint:
        counts = [(item, checkpoint.count) for item in while_wanted("abc")]
    assert counts == [("a", 1), ("b", 2), ("c", 3)]


@pytest.mark.parametrize("items", [[], ["alone"]])
def test_nobody_asks_for_one_item(items):
    with asked(Checkpoint(last=0)):
        assert list(while_wanted(items)) == items
        assert in_parallel(str, items, 1) == items


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_items_that_were_not_begun_are_not_begun(threads):
    begun = []
    with asked(Checkpoint(last=5)), pytest.raises(Cancelled, match="not wanted"):
        in_parallel(begun.append, range(100), threads)
    assert len(begun) <= 5


def test_helpers_are_asked_too():
    meeting = Barrier(3)
    with asked(Checkpoint()) as checkpoint:
        in_parallel(lambda _: meeting.wait(PATIENCE_SECONDS), range(3), 3)
    assert len(checkpoint.threads) == 3


def test_work_after_work_that_was_not_wanted():
    with asked(Checkpoint(last=1)), pytest.raises(Cancelled):
        in_parallel(str, range(9), 3)
    assert in_parallel(str, range(3), 3) == ["0", "1", "2"]


WIDE = np.zeros((2, tiles.MAX_TILE_BYTES // 8))
"""Weights of two parts."""

STEPS = {
    "parts of a product": lambda: products.product(np.ones((300, 2)), np.ones((2, 3)), 1),
    "depths of a product": lambda: products.product(np.ones((2, 300)), np.ones((300, 3)), 1),
    "rows of a sum of products": lambda: products.add_product(
        np.zeros((2, 3)), np.ones((600, 2)), np.ones((600, 3)), 1
    ),
    "columns of a sum": lambda: sums.add_columns(np.zeros(5000), np.ones((2, 5000)), 1),
    "weights that are squared": lambda: sum_of_squares(WIDE),
    "weights that are added": lambda: add_scaled(np.zeros_like(WIDE), WIDE, 1.0),
}


@pytest.mark.parametrize("step", STEPS)
def test_steps_that_ask(step):
    with asked(Checkpoint(last=1)), pytest.raises(Cancelled):
        STEPS[step]()


@pytest.mark.parametrize("threads", [1, 3])
def test_a_computation_ends_at_any_checkpoint(threads):
    whole, expected = problem("labels", np.float32), Checkpoint()
    compute(whole, 1, expected)  # several may look once more for work that is done
    plan = Plan.of(whole)
    depths = HIDDEN / products.DEPTH + ROWS / products.DEPTH
    least = ROWS / plan.run_rows + depths * CLASSES / products.PART_COLUMNS
    assert expected.count > 2 * least
    for last in range(0, expected.count, 13):
        checkpoint = Checkpoint(last)
        with pytest.raises(Cancelled, match="not wanted"):
            compute(whole, threads, checkpoint)
        assert checkpoint.count - last <= threads
    assert CHECKPOINT.get() is not checkpoint


def test_a_stream_ends_at_any_checkpoint():
    whole = problem("labels", np.float32)
    rows = {"x": whole.inputs["x"]}
    outputs = {name: np.empty(*rest) for name, *rest in Plan.of(whole).row_outputs}
    for last in count(0, 25):
        try:
            stream = RowStream(whole, checkpoint=Checkpoint(last))
            for block in stream.blocks(rows):
                stream.compute(block, {name: v[: len(block["x"])] for name, v in outputs.items()})
            stream.finish()
        except Cancelled:
            continue
        break
    assert last > 50


@pytest.mark.parametrize("form", ["smoothing and z-term", "labels"])
def test_parts_of_runs_change_no_bit(form, monkeypatch):
    rows = 1100
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(rows, CLASSES)), rng.integers(CLASSES, size=rows)
    options = {"label_smoothing": 0.1, "z_loss": 0.1} if form != "labels" else {"softcap": 3.0}
    whole = Problem.of(
        {
            "scores": scores,
            "labels": labels,
            "sample_weights": 10.0 ** rng.uniform(-6, 6, rows),
            "want": ["row_losses", "dscores", "accuracy", "log_partition"],
            **options,
        }
    )
    plan = Plan.of(whole)
    assert plan.part_rows < plan.run_rows < rows
    in_parts = bits(compute(whole, 1))
    monkeypatch.setattr(Plan, "part_rows", plan.run_rows)
    assert bits(compute(whole, 1)) == in_parts
