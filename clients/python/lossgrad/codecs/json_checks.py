"""Checks as objects of the JSON interface: the request of one, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from lossgrad.codecs.base64_arrays import to_object
from lossgrad.codecs.check_parts import PARTS, TRAVELLING
from lossgrad.codecs.json import (
    NAMES,
    SPELLINGS,
    members_of,
    read_arguments,
    read_array,
    take_encoding,
)
from lossgrad.codecs.json_arrays import NONFINITE, shown, spell
from lossgrad.codecs.tensors import BadTensor
from lossgrad.errors import Internal, Violation
from lossgrad.types.check import NAME_OF_SPELLING, Check, CheckRequest


def check_request_to_json(request: CheckRequest) -> dict[str, Any]:
    """Return the request for a check, with all arrays in base64."""
    inputs = {name: to_object(array) for name, array in request.problem.inputs.items()}
    own = {SPELLINGS[name]: to_object(array) for name, array in request.own.items()}
    return {**inputs, **request.problem.options.chosen, "gradients": own}


def check_request_from_json(body: object) -> CheckRequest:
    """Return the request that a body states.

    Raises
    ------
    InvalidArgument
        Naming every unknown key, every array with its first wrong entry (such as
        ``gradients.dScores[3][1]``), or whatever `CheckRequest.of` finds.
    """
    sent = members_of(body)
    violations: list[Violation] = []
    take_encoding(sent, violations)  # of which an answer without arrays makes no use
    own = _read_own(sent.pop("gradients", None), violations)
    return CheckRequest.of(read_arguments(sent, violations), own, violations)


def check_to_json(check: Check) -> dict[str, Any]:
    """Return what was found; `ok` and `diagnoses` come first, for whoever reads no further."""
    return {"ok": check.ok, "diagnoses": list(check.diagnoses), **_object(check)}


def check_from_json(body: Any, timing: Mapping[str, float]) -> Check:
    """Return the check in an answer.

    Raises
    ------
    Internal
        Where the answer is none.
    """
    try:
        return Check(**_read_fields(Check, body), timing=dict(timing))
    except (KeyError, TypeError, ValueError) as error:
        raise Internal(f"the server's answer cannot be read: {error!r}") from error


def _read_own(value: object, violations: list[Violation]) -> object:
    """Return the caller's own numbers by their spelling; `CheckRequest.of` looks at each."""
    if value is None:
        return None
    if not isinstance(value, dict):
        violations.append(
            Violation("gradients", f"must be an object of arrays, got {shown(value)}")
        )
        return None
    sent = cast(dict[str, object], value)
    own: dict[str, object] = {}
    for spelling, array in sent.items():
        try:
            own[spelling] = _read_quantity(spelling, array)
        except BadTensor as error:
            violations.append(Violation(f"gradients.{spelling}{error.part}", error.detail))
    return own


def _read_quantity(spelling: str, value: object) -> object:
    """Return an array, or the value as it is where nothing is spelled so."""
    is_known = value is not None and spelling in NAME_OF_SPELLING
    return read_array(value, is_integer=False) if is_known else value


def _object(part: Any) -> dict[str, Any]:
    return {name: _sent(name, getattr(part, name)) for name in TRAVELLING[type(part)]}


def _sent(name: str, value: Any) -> Any:
    if name in PARTS:
        return list(map(_object, value))
    if name == "name":
        return SPELLINGS[value]
    return spell(value) if isinstance(value, float) else value


def _read_fields(kind: type[Any], body: Any) -> dict[str, Any]:
    return {name: _read(name, type_, body[name]) for name, type_ in TRAVELLING[kind].items()}


def _read(name: str, type_: str, value: Any) -> Any:
    if name in PARTS:
        kind = PARTS[name]
        return tuple(kind(**_read_fields(kind, part)) for part in value)
    if name == "name":
        return NAMES[value]
    if type_ == "float":
        return float(NONFINITE.get(value, value))
    return tuple(cast(list[int], value)) if isinstance(value, list) else value
