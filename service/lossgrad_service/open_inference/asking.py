"""From a request to the problem that it states: the same for both ports."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from dataclasses import dataclass
from typing import Final

from lossgrad.codecs.tensors import BadTensor
from lossgrad.errors import InvalidArgument, Violation
from lossgrad.types import Array, Problem
from lossgrad.types.quantities import SCALARS, WANTABLE
from lossgrad_service.open_inference import options
from lossgrad_service.open_inference.arrays import read_tensor
from lossgrad_service.open_inference.models import Model
from lossgrad_service.open_inference.sent import Output, Request, Tensor

LONGEST_ID: Final = 1024
"""Characters of what a caller may call its call."""

_COMES_BY_ITSELF: Final = tuple(name for name in SCALARS if name != "accuracy")
"""Outputs that cost nothing: they are answered wherever the caller names none."""


@dataclass(frozen=True, slots=True)
class Inference:
    """A call of a model, checked."""

    model: Model
    id: str
    problem: Problem
    outputs: tuple[str, ...]
    """What is answered, in this order: that of the request, or of the model's metadata."""


def inference_of(model: Model, request: Request) -> Inference:
    """Return the call that a request makes of a model.

    Raises
    ------
    InvalidArgument
        With one violation for each field that is wrong.
    """
    _check_id(request.id)
    violations: list[Violation] = []
    wanted = _wanted(model, request.outputs, violations)
    arrays = _arrays(model, request.inputs, violations)
    chosen = options.read_options(request.parameters, violations)
    problem = Problem.of({**arrays, **chosen, "want": wanted or None}, violations)
    return Inference(model, request.id, problem, wanted or _answered(problem))


def check_counts(model: Model, inputs: Sized, outputs: Sized) -> None:
    """Check, before any is read, that there are not thousands, each of which would be refused.

    Raises
    ------
    InvalidArgument
        Where there are more than the model has.
    """
    counted = (("inputs", inputs, model.inputs), ("outputs", outputs, model.outputs))
    for field, sent, known in counted:
        if len(sent) > len(known):
            text = f"has {len(sent)} entries, but {model.name} has {len(known)} {field}"
            raise InvalidArgument.at(field, text)


def _check_id(sent: str) -> None:
    if len(sent) > LONGEST_ID:
        text = f"must have at most {LONGEST_ID} characters, got {len(sent)}"
        raise InvalidArgument.at("id", text)


def _wanted(
    model: Model, outputs: Iterable[Output], violations: list[Violation]
) -> tuple[str, ...]:
    """Return the names of the outputs that are wanted, and add what is wrong with them."""
    found: dict[str, None] = {}
    for index, output in enumerate(outputs):
        where = f"outputs[{index}]"
        if output.name not in model.outputs:
            text = f"must be one of {', '.join(model.outputs)}, got {output.name[:60]!r}"
            violations.append(Violation(f"{where}.name", text))
        elif output.name in found:
            violations.append(Violation(where, f"{output.name} was asked for before"))
        options.refuse_unknown(output.parameters, ("binary_data",), where, violations)
        found[output.name] = None
    return tuple(found) if not violations else ()


def _arrays(
    model: Model, tensors: Iterable[Tensor], violations: list[Violation]
) -> dict[str, Array]:
    """Return the arrays of inputs by name, and add what is wrong with them."""
    found: dict[str, Array] = {}
    for tensor in tensors:
        try:
            found[tensor.name] = _array(model, tensor, found)
        except BadTensor as error:
            path = f"{tensor.name}.{error.part}" if error.part else tensor.name
            violations.append(Violation(path, error.detail))
    return found


def _array(model: Model, tensor: Tensor, found: dict[str, Array]) -> Array:
    if tensor.name not in model.inputs:
        listed = ", ".join(model.inputs)
        raise BadTensor("", f"is no input of {model.name}, which has {listed}")
    if tensor.name in found:
        raise BadTensor("", "came twice; send it once")
    return read_tensor(tensor)


def _answered(problem: Problem) -> tuple[str, ...]:
    """Return what is answered where nothing is asked for: what costs nothing, and the gradients."""
    answered = {*_COMES_BY_ITSELF, *problem.want}
    return tuple(name for name in WANTABLE if name in answered)
