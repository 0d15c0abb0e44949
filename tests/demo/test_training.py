from __future__ import annotations

from itertools import islice

import numpy as np

from lossgrad_service.demo.data import Digits
from lossgrad_service.demo.model import MODELS, Model
from lossgrad_service.demo.training import History, steps_in_all, train
from lossgrad_service.demo.workers import WorkerPool

EPOCHS = 3


def test_training_learns(pool: WorkerPool, model: Model, digits: Digits) -> None:
    history = History()
    for step in train(pool, model, digits, EPOCHS, seed=0):
        history.add(step)
    assert len(history.losses) == steps_in_all(len(digits.train), EPOCHS)
    assert list(history.accuracies) == [steps_in_all(len(digits.train), e) for e in (1, 2, 3)]
    epoch = len(history.losses) // EPOCHS
    assert np.mean(history.losses[-epoch:]) < 0.5 * np.mean(history.losses[:epoch])
    assert history.accuracy > 0.85


def test_same_seed_gives_the_same_steps(pool: WorkerPool, digits: Digits) -> None:
    first, again, other = (
        [step.loss for step in islice(train(pool, MODELS["two-layer"], digits, 1, seed), 5)]
        for seed in (7, 7, 8)
    )
    assert first == again
    assert first != other
