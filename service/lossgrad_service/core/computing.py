"""How core has something computed: silently, and only while it is wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

from lossgrad_service.kernels.wanted import CHECKPOINT

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def always_wanted() -> None:
    """Let a computation go on."""


@np.errstate(all="ignore")
def computed(
    checkpoint: Callable[[], None],
    work: Callable[Arguments, Answer],
    *arguments: Arguments.args,
    **options: Arguments.kwargs,
) -> Answer:
    """Return what `work` returns for its arguments.

    Parameters
    ----------
    checkpoint
        Called first, and between the parts of the work; what it raises ends it.
    work
        What computes, with NumPy's warnings off.
    """
    checkpoint()
    token = CHECKPOINT.set(checkpoint)
    try:
        return work(*arguments, **options)
    finally:
        CHECKPOINT.reset(token)
