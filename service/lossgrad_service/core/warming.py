"""Every program of the kernels, called before anybody waits for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from lossgrad.types import Problem, dtypes
from lossgrad.types.quantities import INPUTS, OUTPUTS
from lossgrad_service.core.in_memory import compute

_EXTENT = 2
"""Of every axis."""

_INPUTS = (("scores",), ("scores", "h1", "w2"), ("h1", "w2", "b2"), ("x", "w1", "b1", "w2", "b2"))

_LABELS = {"labels": np.zeros(_EXTENT, np.int64)}
_TARGETS = {"targets": np.full((_EXTENT, _EXTENT), 0.5)}
_WEIGHTS = {"class_weights": np.ones(_EXTENT), "sample_weights": np.ones(_EXTENT)}
_SCALED = {"temperature": 2.0, "softcap": 30.0}

_LOSSES: tuple[Mapping[str, Any], ...] = (
    _LABELS,
    _LABELS | _WEIGHTS | _SCALED,
    _LABELS | {"label_smoothing": 0.1},
    _LABELS | _WEIGHTS | _SCALED | {"z_loss": 0.1},
    _TARGETS,
    _TARGETS | _WEIGHTS | _SCALED | {"z_loss": 0.1},
    _LABELS | {"loss": "hinge"},
    _LABELS | _WEIGHTS | {"loss": "hinge"},
)


@cache
def warm_up() -> None:
    """Load or compile what any problem needs, once in a process.

    Machine code depends on what a problem is made of and on its dtypes, not on its size
    or its numbers: small problems that are made of everything stand for all.
    """
    for problem in _problems():
        compute(problem)


def _problems() -> Iterator[Problem]:
    for names, dtype, loss in product(_INPUTS, dtypes.FLOATS, _LOSSES):
        inputs = {name: _ones(name, dtype) for name in names}
        for want in (["loss"], _outputs_of({**inputs, **loss})):
            yield Problem.of({**inputs, **loss, "want": want})


def _ones(name: str, dtype: str) -> Any:
    return np.ones([_EXTENT] * len(INPUTS[name].axes), dtypes.to_numpy(dtype))


def _outputs_of(sent: Mapping[str, Any]) -> list[str]:
    """Return the outputs, but of the gradients only those of the scores and of what was sent."""
    return [
        name for name, output in OUTPUTS.items() if output.gradient_of in (None, "scores", *sent)
    ]
