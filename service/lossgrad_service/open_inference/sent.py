"""A request as either port has read it: nothing of it was held against a model yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from lossgrad.types import Array

Parameters: TypeAlias = Mapping[str, object]
"""Truth values, integers, numbers and texts by name; of JSON anything."""


class Tensor(NamedTuple):
    """An input."""

    name: str
    datatype: str
    shape: Sequence[int]
    elements: bytes | memoryview | Array
    """Its bytes; or its numbers in a wider dtype, in one row or in its shape."""


class Output(NamedTuple):
    """An output that is wanted."""

    name: str
    parameters: Parameters


class Request(NamedTuple):
    """All of it but the model, which a URL may name."""

    id: str
    parameters: Parameters
    inputs: Sequence[Tensor]
    outputs: Sequence[Output]
    """Empty where the caller leaves it to the model."""
