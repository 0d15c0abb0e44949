"""From the parameters of a request to the options of a call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lossgrad.errors import InvalidArgument, Violation
from lossgrad.types.form import raise_if_any
from lossgrad.types.options import NAMES, NUMBERS
from lossgrad_service.open_inference.sent import Parameters

_CONTENT_TYPE: Final = "content_type"
"""Tells the codecs of MLServer what to make of a tensor; here it is an array anyway."""

_IGNORED: Final = frozenset({"priority", "timeout", "binary_data_output", _CONTENT_TYPE})
"""What says nothing of the answer: hints for a queue that there is not, and how to write it."""

_SEQUENCES: Final = ("sequence_id", "sequence_start", "sequence_end")

_MOST: Final = len(NAMES) + len(_IGNORED) + len(_SEQUENCES)


def read_options(parameters: Parameters, violations: list[Violation]) -> dict[str, object]:
    """Return the options among parameters, and add to `violations` what is none of them.

    Raises
    ------
    InvalidArgument
        Where there are more than there are options.
    """
    if len(parameters) > _MOST:
        text = f"has {len(parameters)} entries, but there are {_MOST} parameters"
        raise InvalidArgument.at("parameters", text)
    found: dict[str, object] = {}
    for name, value in parameters.items():
        if name in NAMES and name != "want":
            found[name] = _read_option(name, value)
        elif name not in _IGNORED:
            violations.append(Violation(name, _refusal(name)))
    return found


def check_of_input(name: str, parameters: Parameters) -> None:
    """Check that no parameter of an input says where else its elements are.

    Raises
    ------
    InvalidArgument
        Naming the first that means nothing here.
    """
    violations: list[Violation] = []
    refuse_unknown(parameters, ("binary_data_size", _CONTENT_TYPE), name, violations)
    raise_if_any(violations)


def refuse_unknown(
    parameters: Parameters, known: Iterable[str], where: str, violations: list[Violation]
) -> None:
    """Add to `violations` the first parameter of an input or output that means nothing here.

    Parameters
    ----------
    parameters
        Of the input or output.
    known
        What may stand there.
    where
        The path of the input or output.
    violations
        Where it is told.
    """
    unknown = next((name for name in parameters if name not in known), None)
    if unknown is not None:
        text = "is not known here; tensors travel in the request and the answer, whole"
        violations.append(Violation(f"{where}.parameters.{unknown}", text))


def _read_option(name: str, value: object) -> object:
    """Return an option's value: a number may be a text, as kserve's gRPC client sends no floats."""
    if name not in NUMBERS or not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _refusal(name: str) -> str:
    if name == "want":
        return "is no parameter; name the outputs of the request"
    if name in _SEQUENCES:
        return "is not taken: a call knows nothing of others"
    return "is not an option of this call"
