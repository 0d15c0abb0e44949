"""The result of a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lossgrad.types.arrays import Array
from lossgrad.types.quantities import OUTPUTS, SCALARS, WANTABLE


class Result:
    """The loss, its scalars, and the arrays that were asked for.

    Attributes are the outputs of contract §3: the scalars of the loss always,
    `accuracy` and the arrays where they were wanted. Reading another raises an
    AttributeError that says how to ask for it; ``"dw2" in result`` tells.
    """

    loss: float
    data_loss: float
    reg_loss: float
    z_loss: float
    denominator: float
    n_rows: int
    n_ignored: int
    accuracy: float
    row_losses: Array
    dscores: Array
    dw2: Array
    db2: Array
    dh1: Array
    dw1: Array
    db1: Array
    dx: Array
    dtargets: Array
    probs: Array
    log_partition: Array
    predictions: Array

    def __init__(self, outputs: Mapping[str, Any], timing: Mapping[str, float]) -> None:
        self.__dict__.update(outputs)
        self.timing = dict(timing)
        """Seconds of the service, by stage: ``decode``, ``wait``, ``compute``, ``encode``."""

    @property
    def scalars(self) -> dict[str, float | int]:
        """The scalars in this result, by name."""
        outputs = self.__dict__
        return {name: outputs[name] for name in SCALARS if name in outputs}

    @property
    def arrays(self) -> dict[str, Array]:
        """The arrays in this result, by name."""
        outputs = self.__dict__
        return {name: outputs[name] for name in OUTPUTS if name in outputs}

    def __contains__(self, name: object) -> bool:
        return name in self.__dict__ and name in WANTABLE

    def __getattr__(self, name: str) -> Any:
        if name in WANTABLE:
            raise AttributeError(f"{name} was not asked for; add it to want=[...]", name=name)
        raise AttributeError(f"a Result has no {name!r}", name=name)

    def __repr__(self) -> str:
        scalars = [f"{name}={value!r}" for name, value in self.scalars.items()]
        arrays = [f"{name}={_brief(array)}" for name, array in self.arrays.items()]
        return f"Result({', '.join(scalars + arrays)})"


def _brief(array: Array) -> str:
    return f"<{np.dtype(array.dtype).name} {array.shape}>"
