"""What the server and its models tell of themselves, as both ports write it."""

from __future__ import annotations

from typing import Any, Final

from lossgrad.types import dtypes
from lossgrad.types.quantities import INPUTS, OUTPUTS, SCALARS
from lossgrad_service.open_inference.datatypes import DATATYPES
from lossgrad_service.open_inference.models import VERSION, Model

EXTENSIONS: Final = ("binary_tensor_data", "parameters")
"""Of the protocol, by the names that Triton gave them."""

_ANY: Final = -1
"""What stands for an extent that a call decides."""

_USUAL_FLOAT: Final = DATATYPES["f32"]
"""Told of what comes in any float type, or in that of an input."""


def server_metadata(version: str) -> dict[str, Any]:
    """Return what the server is."""
    return {"name": "lossgrad", "version": version, "extensions": EXTENSIONS}


def model_metadata(model: Model) -> dict[str, Any]:
    """Return what a model is."""
    return {
        "name": model.name,
        "versions": [VERSION],
        "platform": "lossgrad",
        "inputs": [_input(name) for name in model.inputs],
        "outputs": [_output(name) for name in model.outputs],
    }


def _input(name: str) -> dict[str, Any]:
    entry = INPUTS[name]
    datatype = _USUAL_FLOAT if entry.dtypes == dtypes.FLOATS else DATATYPES["i64"]
    return _tensor(name, datatype, [_ANY] * len(entry.axes))


def _output(name: str) -> dict[str, Any]:
    if name in SCALARS:
        return _tensor(name, DATATYPES["i64" if SCALARS[name].type is int else "f64"], [1])
    entry = OUTPUTS[name]
    datatype = _USUAL_FLOAT if entry.dtype is None else DATATYPES[entry.dtype]
    return _tensor(name, datatype, [_ANY] * len(entry.axes))


def _tensor(name: str, datatype: str, shape: list[int]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape}
