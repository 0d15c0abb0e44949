"""Stochastic gradient descent with momentum: v ← μ·v − η·g, w ← w + v."""

from __future__ import annotations

import numpy as np

from lossgrad_service.demo.model import Parameters

MOMENTUM = 0.9


class Momentum:
    """The optimiser: takes gradients that others computed, and holds the velocities v."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self._velocities = {name: np.zeros_like(array) for name, array in parameters.items()}

    def step(self, gradients: Parameters, learning_rate: float) -> None:
        """Replace the parameters by the next ones; `learning_rate` is η."""
        for name, gradient in gradients.items():
            velocity = MOMENTUM * self._velocities[name] - learning_rate * gradient
            self._velocities[name] = velocity
            self.parameters[name] = self.parameters[name] + velocity


def decayed(learning_rate: float, fraction_done: float) -> float:
    """Return a learning rate that falls linearly to 0 over the training."""
    return learning_rate * (1 - fraction_done)
