"""From the result of a problem to the outputs of a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lossgrad.codecs.tensors import in_wire_order, name_of
from lossgrad.types import Array, Result
from lossgrad.types.quantities import SCALARS
from lossgrad_service.calls import Deadline, Service
from lossgrad_service.open_inference.asking import Inference
from lossgrad_service.open_inference.datatypes import DATATYPES


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call of a model is answered."""

    call: Inference
    outputs: dict[str, Array]
    """Little-endian, in C order, in the order of the call; numbers have shape (1,)."""


def compute(service: Service, call: Inference, deadline: Deadline) -> Outcome:
    """Return what a call of a model is answered; see `Service.compute` for what it raises."""
    return Outcome(call, dict(_outputs(call, service.compute(call.problem, deadline))))


def datatype_of(array: Array) -> str:
    """Return what the protocol calls the dtype of an output."""
    return DATATYPES[name_of(array.dtype)]


def _outputs(call: Inference, result: Result) -> Iterator[tuple[str, Array]]:
    for name in call.outputs:
        value = getattr(result, name)
        yield name, _number(name, value) if name in SCALARS else in_wire_order(value)


def _number(name: str, value: float) -> Array:
    return np.array([value], "<i8" if SCALARS[name].type is int else "<f8")
