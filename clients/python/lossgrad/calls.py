"""What the two clients share: settings, and calls prepared without any transport."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any, Final, Self, cast

import numpy as np

from lossgrad.errors import InvalidArgument, Violation
from lossgrad.retry import Flow, RetryPolicy
from lossgrad.transports.per_process import PerProcess
from lossgrad.types import dtypes
from lossgrad.types.arrays import Array
from lossgrad.types.problem import Problem
from lossgrad.types.quantities import OUTPUTS
from lossgrad.types.result import Result

Out = Mapping[str, Array]

LONGEST_TIMEOUT: Final = 1e8
"""Seconds that stand for any longer timeout; sockets take no more than about that."""


class ClientSettings:
    """The part of a client that is the same whether it blocks or awaits.

    Pickles as its target and options; the copy opens connections of its own.
    """

    def __init__(
        self, target: str, *, timeout: float = 60.0, tls_ca: str | os.PathLike[str] | None = None
    ) -> None:
        self.target = target
        self.timeout = read_timeout(timeout)
        self.tls_ca = None if tls_ca is None else os.fspath(tls_ca)
        self._policies = PerProcess[RetryPolicy](RetryPolicy)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.target!r}, timeout={self.timeout!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.target, timeout=self.timeout, tls_ca=self.tls_ca), ()

    def _flow(self, timeout: float | None) -> Flow:
        """Return the attempts of one call; see `RetryPolicy.flow`."""
        seconds = self.timeout if timeout is None else read_timeout(timeout)
        return self._policies.get().flow(seconds)


@dataclass(frozen=True, slots=True)
class ComputeCall:
    """A checked problem and the caller's arrays that its result goes into."""

    problem: Problem
    out: Out

    @classmethod
    def of(cls, arguments: Mapping[str, object], out: object) -> Self:
        """Return the call that the arguments of `Client.compute` state.

        Raises
        ------
        InvalidArgument
            With one violation for each argument that is wrong.
        """
        problem = Problem.of(arguments)
        _require_bfloat16(problem)
        if out is None:
            return cls(problem, {})
        if not isinstance(out, Mapping):
            raise InvalidArgument.at("out", f"must be a dict of arrays, got {type(out).__name__}")
        arrays = cast(Mapping[str, object], out)
        violations = [v for name, array in arrays.items() for v in _wrong_out(problem, name, array)]
        if violations:
            raise InvalidArgument.of(violations)
        return cls(problem, cast(Out, arrays))

    def deliver(self, result: Result) -> Result:
        """Return `result` with the caller's arrays, filled, in place of its own."""
        if not self.out:
            return result
        for name, array in self.out.items():
            np.copyto(array, result.arrays[name])
        return Result(result.scalars | result.arrays | dict(self.out), result.timing)


def read_timeout(value: object) -> float:
    """Return a timeout in seconds.

    Raises
    ------
    InvalidArgument
        Where it is not a finite number > 0.
    """
    if not isinstance(value, bool) and isinstance(value, Real) and 0 < cast(Any, value) < math.inf:
        return float(min(cast(Any, value), LONGEST_TIMEOUT))
    raise InvalidArgument.at("timeout", f"must be a finite number > 0 of seconds, got {value!r}")


def _require_bfloat16(problem: Problem) -> None:
    """Refuse an answer in bfloat16 where it could not be read."""
    if problem.options.gradient_dtype == "bf16":
        try:
            dtypes.bfloat16()
        except ImportError as error:
            text = "bf16 needs the package ml-dtypes: pip install ml-dtypes"
            raise InvalidArgument.at("gradient_dtype", text) from error


def _wrong_out(problem: Problem, name: str, array: object) -> Iterator[Violation]:
    """Yield why an output cannot be written into the caller's array."""
    field = f"out.{name}"
    if name not in OUTPUTS:
        yield Violation(field, f"is not an array among the outputs: {', '.join(OUTPUTS)}")
    elif name not in problem.want:
        yield Violation(field, f"is not asked for; add {name!r} to want")
    elif not isinstance(array, np.ndarray):
        yield Violation(field, f"must be a NumPy array, got {type(array).__name__}")
    else:
        yield from _misfit(
            field, cast(Array, array), problem.shape_of(name), problem.dtype_of(name)
        )


def _misfit(field: str, array: Array, shape: tuple[int, ...], dtype: str) -> Iterator[Violation]:
    if array.shape != shape:
        yield Violation(field, f"must have shape {shape}, got {array.shape}")
    if dtypes.to_name(array.dtype) != dtype:
        yield Violation(field, f"dtype must be {dtype}, got {array.dtype}")
    if not array.flags.writeable:
        yield Violation(field, "must be writeable, got a read-only array")
