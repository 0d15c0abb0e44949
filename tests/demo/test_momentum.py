from __future__ import annotations

import numpy as np
import pytest

from lossgrad_service.demo.momentum import MOMENTUM, Momentum, decayed


def test_two_steps_by_hand() -> None:
    optimiser = Momentum({"w2": np.array([1.0])})
    optimiser.step({"w2": np.array([2.0])}, 0.1)
    assert optimiser.parameters["w2"] == pytest.approx([0.8])
    optimiser.step({"w2": np.array([1.0])}, 0.1)
    assert optimiser.parameters["w2"] == pytest.approx([0.8 - MOMENTUM * 0.2 - 0.1])


def test_rate_falls_to_zero() -> None:
    assert [decayed(0.4, done) for done in (0, 0.5, 1)] == [0.4, 0.2, 0]
