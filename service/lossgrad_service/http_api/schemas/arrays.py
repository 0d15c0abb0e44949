"""Arrays in JSON: fully described to the reader, opaque to pydantic.

Validating ``list[list[float]]`` entry by entry takes pydantic longer than the rest
of a call; `lossgrad.codecs.json` reads arrays in one pass and names what is wrong
with them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from lossgrad.types import dtypes
from lossgrad.types.quantities import INPUTS, OUTPUTS
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
)
from pydantic.json_schema import JsonSchemaValue
from typing_extensions import TypeAliasType

NonFinite = Literal["NaN", "Infinity", "-Infinity"]

Number = TypeAliasType("Number", float | NonFinite)
"""A number; JSON has no way of its own to write one that is not finite."""

NestedNumbers = TypeAliasType("NestedNumbers", "Number | list[NestedNumbers]")
"""Numbers nested in lists, one level for each axis."""


class Base64Array(BaseModel):
    """An array as the base64 of its bytes: exact in its own dtype, and far faster than lists."""

    model_config = ConfigDict(extra="forbid", strict=True)

    shape: list[int] = Field(description="Extent of each axis, outermost first; [] for a scalar.")
    dtype: Literal[dtypes.NAMES] = Field(description="Element type.")  # pyright: ignore[reportInvalidTypeForm]
    encoding: Literal["base64"] = Field(description="How data is written.")
    data: str = Field(
        description="Base64 (RFC 4648, with padding) of the elements in C order, little-endian, "
        "without gaps: product(shape) × item size bytes."
    )


Array = TypeAliasType("Array", NestedNumbers | Base64Array)
"""Nested lists of numbers (read as float64, or int64 for labels), or a base64 object."""


class _DocumentedAsArray:
    """Beside `Any`: tells the reader of the schema that it is an `Array`."""

    def __get_pydantic_json_schema__(
        self, _: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(TypeAdapter(Array).core_schema)


OpaqueArray = Annotated[Any, _DocumentedAsArray()]


def input_field(name: str) -> Any:
    """Return the field of an input, documented from the table of inputs."""
    entry = INPUTS[name]
    types = ", ".join(entry.dtypes)
    description = f"{_capitalised(entry.doc)}. Shape ({', '.join(entry.axes)}); dtype {types}."
    return Field(default=None, description=description)


def output_field(name: str) -> Any:
    """Return the field of an output array, documented from the table of outputs."""
    entry = OUTPUTS[name]
    description = f"{_capitalised(entry.doc)}. Shape ({', '.join(entry.axes)}). When asked for."
    return Field(default=None, alias=entry.json, description=description)


def _capitalised(text: str) -> str:
    return text[0].upper() + text[1:] if text[0].isascii() else text
