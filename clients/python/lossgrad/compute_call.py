"""A call of `compute` without any transport: its problem and the caller's own arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from threading import Lock
from typing import Self, cast

import numpy as np

from lossgrad import recycling
from lossgrad.errors import Cancelled, InvalidArgument, Violation
from lossgrad.shared_memory.arena import Arena
from lossgrad.types import dtypes
from lossgrad.types.arrays import Array
from lossgrad.types.form import raise_if_any
from lossgrad.types.info import Limits
from lossgrad.types.problem import Problem
from lossgrad.types.quantities import OUTPUTS
from lossgrad.types.result import Result

Out = Mapping[str, Array]


class Loan:
    """The time during which the caller's arrays are the call's.

    A coroutine's call may be over while a thread still takes in what arrives.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_over = False

    def write(self, room: Array, data: Array) -> None:
        """Copy data into an array that may be the caller's.

        Raises
        ------
        Cancelled
            After `end`.
        """
        with self._lock:
            if self._is_over:
                raise Cancelled("nobody waits for the result any more")
            room[...] = data

    def end(self) -> None:
        """Give the arrays back; waits for no more than the copying of one message."""
        with self._lock:
            self._is_over = True


@dataclass(frozen=True, slots=True)
class ComputeCall:
    """A checked problem and the caller's arrays that its result goes into."""

    problem: Problem
    out: Out
    limits: Limits | None = None
    """The server's, where they are known."""
    arena: Arena | None = None
    """Memory that is shared with the server, where there can be some."""
    loan: Loan = field(default_factory=Loan)

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
        raise_if_any(v for name, array in arrays.items() for v in _wrong_out(problem, name, array))
        raise_if_any(_shared(cast(Out, arrays)))
        return cls(problem, cast(Out, arrays))

    def within(self, limits: Limits | None) -> Self:
        """Return this call with what is known of the server's limits."""
        return self if limits is self.limits else replace(self, limits=limits)

    def sharing(self, arena: Arena | None) -> Self:
        """Return this call with the memory that is shared with the server."""
        return self if arena is self.arena else replace(self, arena=arena)

    def room_for(self, name: str) -> Array:
        """Return a C-contiguous, little-endian array for an output: the caller's own if it will do.

        It must not overlap an input: rows of that are sent after the first answers have
        come, and all of them once more where the call is tried again.
        """
        own = self.out.get(name)
        dtype = dtypes.to_numpy(self.problem.dtype_of(name)).newbyteorder("<")
        if own is None or not own.flags.c_contiguous or own.dtype != dtype or self._is_read(own):
            return recycling.empty(self.problem.shape_of(name), dtype)
        return own

    def deliver(self, result: Result) -> Result:
        """Return `result` with arrays that are the caller's: those of `out`, filled, or new ones.

        Read-only arrays are views of a message that arrived; they are copied, once.
        """
        outputs = vars(result)
        for name, value in outputs.items():
            if isinstance(value, np.ndarray):
                outputs[name] = self._delivered(name, cast(Array, value))
        return result

    def _is_read(self, own: Array) -> bool:
        """Return whether an array may share memory with an input."""
        return any(np.may_share_memory(own, array) for array in self.problem.inputs.values())

    def _delivered(self, name: str, array: Array) -> Array:
        own = self.out.get(name)
        if own is None:
            return array if array.flags.writeable else array.copy()
        if own is not array:
            np.copyto(own, array)
        return own


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


def _shared(out: Out) -> Iterator[Violation]:
    """Yield which arrays of the caller's would be written to by two outputs."""
    for (first, array), (second, other) in combinations(out.items(), 2):
        if np.shares_memory(array, other):
            yield Violation(f"out.{second}", f"shares memory with out.{first}; give each its own")


def _misfit(field: str, array: Array, shape: tuple[int, ...], dtype: str) -> Iterator[Violation]:
    if array.shape != shape:
        yield Violation(field, f"must have shape {shape}, got {array.shape}")
    if dtypes.to_name(array.dtype) != dtype:
        yield Violation(field, f"dtype must be {dtype}, got {array.dtype}")
    if not array.flags.writeable:
        yield Violation(field, "must be writeable, got a read-only array")
