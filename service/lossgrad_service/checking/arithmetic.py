"""The arithmetic that a caller computed with, as far as can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lossgrad.types import Array, Problem, dtypes

_COMPUTED_WITH: Final = ("scores", "h1", "w2", "b2", "x", "w1", "b1")


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A format of floating-point numbers, and where its exponentials end."""

    unit: float
    """Half a unit in the last place of 1."""
    underflow: float
    """What a number that is too small may lose."""
    highest: float
    """The exponent above which an exponential is infinite."""
    lowest: float
    """The exponent below which it is 0."""

    @property
    def is_half(self) -> bool:
        """Whether its numbers have 16 bits."""
        return self.unit > FLOAT32.unit


FLOAT64: Final = Arithmetic(2.0**-53, 2.0**-1022, 709.78, -745.1)
FLOAT32: Final = Arithmetic(2.0**-24, 2.0**-126, 88.72, -103.9)
FLOAT16: Final = Arithmetic(2.0**-11, 2.0**-25, 11.09, -17.3)
BFLOAT16: Final = Arithmetic(2.0**-8, 2.0**-126, 88.72, -92.8)

_HALVES: Final = {"bf16": BFLOAT16, "f16": FLOAT16}
"""By dtype, the coarsest first."""


def arithmetic_of(theirs: Array, problem: Problem) -> Arithmetic:
    """Return float64 or float32, whichever the caller computed with.

    Numbers that came as float64 and are all float32's were computed so.
    """
    is_wide = all(array.dtype.itemsize == 8 for array in (theirs, *_inputs(problem)))
    return FLOAT64 if is_wide and not _is_single(theirs) else FLOAT32


def half_of(theirs: Array, problem: Problem) -> Arithmetic | None:
    """Return the arithmetic in 16 bits in which some of theirs may have been computed.

    None unless theirs or an input came in that dtype.
    """
    names = {dtypes.to_name(array.dtype) for array in (theirs, *_inputs(problem))}
    return next((_HALVES[name] for name in _HALVES if name in names), None)


def _inputs(problem: Problem) -> list[Array]:
    return [problem.inputs[name] for name in _COMPUTED_WITH if name in problem.inputs]


def _is_single(theirs: Array) -> bool:
    finite = theirs[np.isfinite(theirs) & (theirs != 0)]
    return bool(finite.size) and bool((finite.astype(np.float32) == finite).all())
