"""Arrays in JSON: fully described to the reader, opaque to pydantic.

Validating ``list[list[float]]`` entry by entry takes pydantic longer than the rest
of a call; `lossgrad.codecs.json` reads arrays in one pass and names what is wrong
with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
)
from pydantic.json_schema import JsonSchemaValue
from typing_extensions import TypeAliasType

from lossgrad.types import dtypes
from lossgrad.types.quantities import INPUTS, OUTPUTS

NonFinite = Literal["NaN", "Infinity", "-Infinity"]


def _told(description: str) -> Any:
    return Field(description=description)


Number = TypeAliasType(
    "Number",
    Annotated[float | NonFinite, _told("A number; one that is not finite is spelled out.")],
)
NestedNumbers = TypeAliasType(
    "NestedNumbers",
    Annotated[
        "Number | list[NestedNumbers]",  # pyright: ignore[reportInvalidTypeForm]
        _told("Numbers in lists, a level for each axis."),
    ],
)


class Base64Array(BaseModel):
    """An array as the base64 of its bytes: exact in its own dtype, and far faster than lists."""

    model_config = ConfigDict(extra="forbid", strict=True)

    shape: list[int] = Field(description="Extent of each axis, outermost first; [] for a scalar.")
    dtype: str = Field(description="Element type.", json_schema_extra={"enum": list(dtypes.NAMES)})
    encoding: Literal["base64"] = Field(description="How data is written.")
    data: str = Field(
        description="Base64 (RFC 4648, with padding) of the elements in C order, little-endian, "
        "without gaps: product(shape) × item size bytes."
    )


Array = TypeAliasType(
    "Array",
    Annotated[
        NestedNumbers | Base64Array,
        _told("Nested lists, which are float64 (labels: int64), or a base64 object."),
    ],
)


@dataclass(frozen=True)
class _Documented:
    """Beside `Any`: tells the reader of the schema what is expected."""

    kind: Any

    def __get_pydantic_json_schema__(
        self, _: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(TypeAdapter(self.kind).core_schema)


InputArray = Annotated[Any, _Documented(Array | None)]
OutputArray = Annotated[Any, _Documented(Array)]


def leave_out_default(schema: dict[str, Any]) -> None:
    """Make a field of an answer one that may be absent, and never is null."""
    schema.pop("default")


def input_field(name: str) -> Any:
    """Return the field of an input, documented from the table of inputs."""
    entry = INPUTS[name]
    types = ", ".join(entry.dtypes)
    description = f"{entry.doc}; shape ({', '.join(entry.axes)}), dtype {types}"
    return Field(default=None, description=description)


def output_field(name: str) -> Any:
    """Return the field of an output array, documented from the table of outputs."""
    entry = OUTPUTS[name]
    description = f"{entry.doc}; shape ({', '.join(entry.axes)}); present when asked for"
    return Field(
        default=None,
        alias=entry.json,
        description=description,
        json_schema_extra=leave_out_default,
    )
