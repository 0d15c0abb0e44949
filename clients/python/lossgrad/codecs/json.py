"""Problems, results and infos as the objects of the JSON interface.

Works on Python objects; turning them into text and back is the caller's business.
Keys are the contract's names, gradients in answers are spelled ``dScores``, ``dW2``
and so on. An array is nested lists, or an object with its bytes::

    {"shape": [2, 3], "dtype": "f32", "encoding": "base64", "data": "..."}

which also states the shape of an array without rows. Null is the same as left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, cast

from lossgrad.codecs.base64_arrays import from_object, to_object
from lossgrad.codecs.json_arrays import (
    NONFINITE,
    floats_from_lists,
    integers_from_lists,
    shown,
    spell,
    to_lists,
)
from lossgrad.codecs.tensors import BadTensor
from lossgrad.errors import Internal, InvalidArgument, Violation
from lossgrad.types import dtypes
from lossgrad.types.arrays import Array
from lossgrad.types.info import InfoRequest, Limits, ServerInfo
from lossgrad.types.options import NUMBERS
from lossgrad.types.problem import Problem
from lossgrad.types.quantities import INPUTS, OUTPUTS, SCALARS, WANTABLE
from lossgrad.types.result import Result

Encoding = Literal["list", "base64"]

SPELLINGS: Final[Mapping[str, str]] = {
    name: OUTPUTS[name].json if name in OUTPUTS else name for name in WANTABLE
}
"""How JSON spells each output."""

NAMES: Final[Mapping[str, str]] = {spelling: name for name, spelling in SPELLINGS.items()}
"""The output that JSON spells so."""


@dataclass(frozen=True, slots=True)
class JsonCall:
    """A problem, and how the caller wants the arrays of its answer."""

    problem: Problem
    encoding: Encoding


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """Return the request for a problem, with all arrays, the answer's too, in base64."""
    arrays = {name: to_object(array) for name, array in problem.inputs.items()}
    return {**arrays, **problem.options.chosen, "encoding": "base64"}


def problem_from_json(body: object) -> JsonCall:
    """Return the call that a request states.

    Raises
    ------
    InvalidArgument
        Naming every unknown key, every array with its first wrong entry (such as
        ``scores[3][1]``), or whatever `Problem.of` finds.
    """
    sent = members_of(body)
    violations: list[Violation] = []
    encoding = take_encoding(sent, violations)
    return JsonCall(Problem.of(read_arguments(sent, violations), violations), encoding)


def members_of(body: object) -> dict[str, object]:
    """Return what a request has that is not null, or raise `InvalidArgument` where it is none."""
    if not isinstance(body, dict):
        raise InvalidArgument.at("", f"the body must be a JSON object, got {shown(body)}")
    return {key: value for key, value in cast(dict[str, object], body).items() if value is not None}


def take_encoding(sent: dict[str, object], violations: list[Violation]) -> Encoding:
    """Take out how the caller wants arrays, and add to `violations` where it is no word of ours."""
    encoding = sent.pop("encoding", "list")
    if encoding not in ("list", "base64"):
        text = f"must be 'list' or 'base64', got {shown(encoding)}"
        violations.append(Violation("encoding", text))
    return cast(Encoding, encoding)


def read_arguments(sent: Mapping[str, object], violations: list[Violation]) -> dict[str, object]:
    """Return inputs and options as Python's callers state them, and why one is no array."""
    arrays = _read_arrays(sent, violations)
    return arrays | {n: _read_option(n, value) for n, value in sent.items() if n not in INPUTS}


def unspelled(want: object) -> object:
    """Return a list of outputs in either spelling by their names; `Problem.of` refuses the rest."""
    if not isinstance(want, list):
        return want
    return [_name_of(entry) for entry in cast(list[object], want)]


def result_to_json(result: Result, encoding: Encoding) -> dict[str, Any]:
    """Return the answer for a result; see `to_lists` for what becomes of an array in lists."""
    write = to_object if encoding == "base64" else to_lists
    scalars = {name: spell(number) for name, number in result.scalars.items()}
    return scalars | {SPELLINGS[name]: write(array) for name, array in result.arrays.items()}


def result_from_json(body: Any, timing: Mapping[str, float]) -> Result:
    """Return the result in an answer, with arrays that belong to the caller.

    Raises
    ------
    Internal
        Where the answer is none.
    """
    try:
        outputs = {NAMES[key]: _read_output(NAMES[key], value) for key, value in body.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Internal(f"the server's answer cannot be read: {error!r}") from error
    return Result(outputs, timing)


def info_request_to_json(_: InfoRequest) -> None:
    """Return no body, since the request has none."""


def info_to_json(info: ServerInfo) -> dict[str, Any]:
    """Return an info as an object; its keys are the fields of `ServerInfo`."""
    return asdict(info)


def info_from_json(body: Any, _: Mapping[str, float]) -> ServerInfo:
    """Return the info in an answer; keys of newer servers are left out.

    Raises
    ------
    Internal
        Where the answer is none.
    """
    try:
        limits = Limits(**{name: int(body["limits"][name]) for name in Limits.__dataclass_fields__})
        return ServerInfo(
            version=str(body["version"]),
            limits=limits,
            losses=tuple(body["losses"]),
            outputs=tuple(body["outputs"]),
            float_dtypes=tuple(body["float_dtypes"]),
            label_dtypes=tuple(body["label_dtypes"]),
            compute_threads=int(body["compute_threads"]),
            uptime_seconds=float(body["uptime_seconds"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Internal(f"the server's answer cannot be read: {error!r}") from error


def _read_arrays(sent: Mapping[str, object], violations: list[Violation]) -> dict[str, object]:
    arrays: dict[str, object] = {}
    for name in INPUTS:
        if name not in sent:
            continue
        try:
            arrays[name] = read_array(sent[name], INPUTS[name].dtypes == dtypes.INTEGERS)
        except BadTensor as error:
            violations.append(Violation(name + error.part, error.detail))
    return arrays


def read_array(value: object, is_integer: bool) -> Array:
    """Return an array in either form; `BadTensor` tells why it is none."""
    if isinstance(value, dict):
        return from_object(cast(dict[str, object], value))
    return integers_from_lists(value) if is_integer else floats_from_lists(value)


def _read_option(name: str, value: object) -> object:
    """Return an option as Python's callers state it; what is wrong with it `Problem.of` tells."""
    if name in NUMBERS and isinstance(value, str):
        return NONFINITE.get(value, value)
    return unspelled(value) if name == "want" else value


def _name_of(entry: object) -> object:
    return NAMES.get(entry, entry) if isinstance(entry, str) else entry


def _read_output(name: str, value: Any) -> object:
    if name in SCALARS:
        return SCALARS[name].type(NONFINITE.get(value, value) if isinstance(value, str) else value)
    return read_array(value, OUTPUTS[name].dtype == "i64").copy()
