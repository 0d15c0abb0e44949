"""What fits into a server's limits, by the way that the arrays travel.

All of it is known before a byte is sent or computed, so that the client can refuse
what the server would, and the server what it is only told of. Sizes are bytes of
arrays; a message is a little larger, and is held against its limit once more by
whoever receives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Final

from lossgrad.errors import TooLarge
from lossgrad.types import dtypes
from lossgrad.types.arrays import Array
from lossgrad.types.info import Limits
from lossgrad.types.problem import Problem
from lossgrad.types.quantities import INPUTS, OUTPUTS

STREAMED_FROM: Final = 4 * 2**20
"""Bytes of inputs and outputs together from which a call is better off as a stream."""

ROW_INPUTS: Final = tuple(name for name, entry in INPUTS.items() if entry.has_vectors)
"""Inputs that a stream carries row by row; all others are its parameters."""

SUMS: Final = tuple(name for name, entry in OUTPUTS.items() if not entry.has_rows)
"""Outputs that add up over the rows, in float64."""

WEIGHTS: Final = ("w2", "b2", "w1", "b1")
"""Parameters that a server multiplies by."""

ROOM: Final = 64 * 2**10
"""Bytes of a stream's message that are left to what stands around the arrays."""

LARGEST_MESSAGE: Final = 2**31 - 1
"""Bytes of a message: gRPC keeps its limits in signed 32-bit integers."""

_FEWER_ROWS: Final = "send fewer rows at a time with the whole batch's denominator"
_HIGHER_LIMIT: Final = "have the server's limit raised"
_GRPC: Final = "call over gRPC, where large arrays travel in pieces"


def array_bytes(problem: Problem) -> int:
    """Return the bytes of all inputs and outputs together."""
    return problem.request_bytes + problem.response_bytes


def is_streamed(problem: Problem, limits: Limits | None) -> bool:
    """Return whether a call is better off as a stream than as one message, or has to be one."""
    return array_bytes(problem) >= STREAMED_FROM or not _fits_messages(problem, limits)


def room_in_message(limits: Limits | None) -> int:
    """Return how many bytes of arrays a message of a stream to the server may carry; 1 at least."""
    largest = LARGEST_MESSAGE if limits is None else limits.max_request_bytes
    return max(1, largest - ROOM)


def check_text(problem: Problem, limits: Limits) -> None:
    """Check a call whose request and answer are texts, with arrays in base64.

    Raises
    ------
    TooLarge
        Which limit is exceeded, by what, and what to do about it.
    """
    size = text_bytes(problem.inputs.values())
    advice = f"{_FEWER_ROWS}, or {_GRPC}"
    hold(limits, "max_request_bytes", "the arrays have in base64", size, advice)
    _check_answer(problem, limits, advice)


def text_bytes(arrays: Iterable[Array]) -> int:
    """Return the bytes that arrays have in base64."""
    return sum(4 * -(-array.nbytes // 3) for array in arrays)


def check_answer(problem: Problem, limits: Limits) -> None:
    """Check the answer in one message to a request that has arrived.

    Raises
    ------
    TooLarge
        As `check_text`.
    """
    _check_answer(problem, limits, _FEWER_ROWS)


def check_stream(problem: Problem, limits: Limits) -> None:
    """Check a call whose arrays travel in pieces.

    Raises
    ------
    TooLarge
        As `check_text`.
    """
    check_arrays(problem, limits)
    _check_held(problem, limits)
    if problem.n_rows:
        _check_row(problem, limits)


def check_arrays(problem: Problem, limits: Limits) -> None:
    """Check the arrays themselves, each of them and all together, however they travel.

    Raises
    ------
    TooLarge
        As `check_text`.
    """
    for name, array in problem.inputs.items():
        advice = _FEWER_ROWS if INPUTS[name].has_rows else _HIGHER_LIMIT
        hold(limits, "max_tensor_bytes", f"{name} has", array.nbytes, advice)
    for name in _answered(problem):
        advice = _FEWER_ROWS if OUTPUTS[name].has_rows else _HIGHER_LIMIT
        hold(limits, "max_tensor_bytes", f"{name} would have", problem.bytes_of(name), advice)
    what, advice = "inputs and outputs together would have", f"want less, or {_FEWER_ROWS}"
    hold(limits, "max_stream_bytes", what, array_bytes(problem), advice)


def _fits_messages(problem: Problem, limits: Limits | None) -> bool:
    """Return whether the request and the answer may be one message each."""
    return limits is None or (
        problem.request_bytes <= limits.max_request_bytes
        and problem.response_bytes <= limits.max_response_bytes
    )


def _check_answer(problem: Problem, limits: Limits, advice: str) -> None:
    what, advice = "the answer's arrays would have", f"want less, or {advice}"
    hold(limits, "max_response_bytes", what, problem.response_bytes, advice)


def held_bytes(problem: Problem) -> int:
    """Return what a stream makes a server hold: the parameters, and sums over rows in float64."""
    parameters = sum(a.nbytes for name, a in problem.inputs.items() if name not in ROW_INPUTS)
    sums = sum(8 * prod(problem.shape_of(name)) for name in _answered(problem) if name in SUMS)
    return parameters + _converted_bytes(problem) + sums


def _check_held(problem: Problem, limits: Limits) -> None:
    what = (
        f"all inputs but {_listed(ROW_INPUTS)}, with weights in the dtype of the computation "
        f"and those of {_listed(SUMS)} that are wanted in float64, would have"
    )
    advice = f"want less, or {_HIGHER_LIMIT}"
    hold(limits, "max_held_bytes", what, held_bytes(problem), advice)


def _converted_bytes(problem: Problem) -> int:
    """Return the bytes of weights in the dtype of the computation, where they came in another.

    The server keeps those that came as well: the L2 penalty and its gradient are theirs.
    """
    sent, itemsize = problem.inputs, problem.form.row_dtype.itemsize
    weights = [sent[name] for name in WEIGHTS if name in sent]
    return sum(itemsize * w.size for w in weights if w.itemsize != itemsize)


def _check_row(problem: Problem, limits: Limits) -> None:
    taken = sum(_row_bytes_of_input(problem, name) for name in ROW_INPUTS)
    what = f"one row of {_listed(ROW_INPUTS)}, with {ROOM} bytes around it, would have"
    hold(limits, "max_request_bytes", what, taken + ROOM, _HIGHER_LIMIT)
    given = sum(_row_bytes_of_output(problem, name) for name in _answered(problem))
    advice = f"want less, or {_HIGHER_LIMIT}"
    hold(limits, "max_response_bytes", "one row of the answer would have", given, advice)


def _row_bytes_of_input(problem: Problem, name: str) -> int:
    array = problem.inputs.get(name)
    return 0 if array is None else array.shape[-1] * array.itemsize


def _row_bytes_of_output(problem: Problem, name: str) -> int:
    if not OUTPUTS[name].has_rows:
        return 0
    itemsize = dtypes.to_numpy(problem.dtype_of(name)).itemsize
    return prod(problem.form.row_shape_of(name)) * itemsize


def _answered(problem: Problem) -> Iterator[str]:
    return (name for name in problem.want if name in OUTPUTS)


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}"


def hold(limits: Limits, name: str, what: str, size: int, advice: str) -> None:
    """Raise `TooLarge` where `size` is over the limit called `name`."""
    limit = getattr(limits, name)
    if size > limit:
        raise TooLarge(f"{what} {size} bytes, {name} is {limit}; {advice}", limit=name)
