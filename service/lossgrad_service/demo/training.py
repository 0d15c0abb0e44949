"""The training loop: shards out, gradients in, one step, and a test after every epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lossgrad_service.demo.data import Digits, Rows
from lossgrad_service.demo.model import Model, Parameters
from lossgrad_service.demo.momentum import Momentum, decayed
from lossgrad_service.demo.sharding import (
    all_predictions,
    gradient_problems,
    recognition_problems,
    total_accuracy,
    total_gradients,
    total_loss,
)
from lossgrad_service.demo.workers import WorkerPool

BATCH_ROWS = 32


@dataclass(frozen=True, slots=True)
class Recognition:
    """What rows are taken for."""

    accuracy: float
    predictions: NDArray[np.int64]
    """Of each row, in their order."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of the training showed."""

    loss: float
    """Of its mini-batch, before the step, penalty included."""
    tested: Recognition | None
    """Of the test digits, after the last step of an epoch."""


@dataclass(slots=True)
class History:
    """The steps so far."""

    losses: list[float] = field(default_factory=list[float])
    """One for each step."""
    accuracies: dict[int, float] = field(default_factory=dict[int, float])
    """On the test digits, by the number of steps done."""
    predictions: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """What the test digits were taken for last."""

    def add(self, step: Step) -> None:
        """Append a step."""
        self.losses.append(step.loss)
        if step.tested is not None:
            self.accuracies[len(self.losses)] = step.tested.accuracy
            self.predictions = step.tested.predictions

    @property
    def accuracy(self) -> float:
        """The last one; 0 before the first."""
        return next(reversed(self.accuracies.values()), 0.0)


def steps_in_all(rows: int, epochs: int) -> int:
    """Return how many steps `train` takes."""
    return epochs * -(-rows // BATCH_ROWS)


def train(pool: WorkerPool, model: Model, digits: Digits, epochs: int, seed: int) -> Iterator[Step]:
    """Train from fresh parameters, and yield every step as it is done.

    The same seed and number of workers give the same steps, bit for bit.
    """
    rng = np.random.default_rng(seed)
    optimiser = Momentum(model.initialise(rng))
    steps = steps_in_all(len(digits.train), epochs)
    per_epoch = steps_in_all(len(digits.train), 1)
    for done, batch in enumerate(_mini_batches(digits.train, epochs, rng)):
        loss, gradients = loss_and_gradients(pool, model, optimiser.parameters, batch)
        optimiser.step(gradients, decayed(model.learning_rate, done / steps))
        ends_epoch = (done + 1) % per_epoch == 0
        tested = (
            recognition_of(digits.test, pool, model, optimiser.parameters) if ends_epoch else None
        )
        yield Step(loss, tested)


def _mini_batches(rows: Rows, epochs: int, rng: np.random.Generator) -> Iterator[Rows]:
    """Yield every row once an epoch, in a new order each time; an epoch's last may be short."""
    for _ in range(epochs):
        order: NDArray[np.int64] = rng.permutation(len(rows))
        for first in range(0, len(rows), BATCH_ROWS):
            yield rows.take(order[first : first + BATCH_ROWS])


def loss_and_gradients(
    pool: WorkerPool, model: Model, parameters: Parameters, batch: Rows
) -> tuple[float, Parameters]:
    """Return the loss of a mini-batch and its gradients, computed by all workers together."""
    answers = pool.compute(gradient_problems(model, parameters, batch, len(pool)))
    return total_loss(answers), total_gradients(parameters, answers)


def recognition_of(
    rows: Rows, pool: WorkerPool, model: Model, parameters: Parameters
) -> Recognition:
    """Return what `rows` are taken for, as all workers together answer."""
    answers = pool.compute(recognition_problems(model, parameters, rows, len(pool)))
    return Recognition(total_accuracy(answers), all_predictions(answers))
