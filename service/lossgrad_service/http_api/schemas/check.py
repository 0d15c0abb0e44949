"""The request and the answer of ``POST /v1/check``."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from lossgrad.codecs.json import SPELLINGS, Encoding
from lossgrad.types.check import CHECKABLE
from lossgrad.types.check_parts import MAX_WORST, SUSPICIOUS_FROM, WRONG_FROM, Band
from lossgrad.types.quantities import OUTPUTS, SCALARS
from lossgrad_service.http_api.schemas.arrays import InputArray, Number
from lossgrad_service.http_api.schemas.request import Batch

_STRICT: Final = ConfigDict(extra="forbid", strict=True)

_SPELLINGS: Final = [SPELLINGS[name] for name in CHECKABLE]
CheckedName = Annotated[str, WithJsonSchema({"type": "string", "enum": _SPELLINGS})]

_NAME: Any = Field(description="The quantity.")
_BAND: Any = Field(
    description=f"By relative error |a − b| / max(|a|, |b|): good to {SUSPICIOUS_FROM:g}, "
    f"suspicious to {WRONG_FROM:g}, wrong above."
)


def _own(name: str) -> Any:
    """Return the field of a caller's own array, documented from the table of outputs."""
    entry = OUTPUTS[name]
    description = f"{entry.doc}; shape ({', '.join(entry.axes)})"
    return Field(default=None, alias=entry.json, description=description)


def _scalar(name: str) -> Any:
    return Field(description=SCALARS[name].doc)


class OwnGradients(BaseModel):
    """The caller's own numbers, in either spelling; shapes and numbers may be wrong."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    loss: InputArray = Field(default=None, description=SCALARS["loss"].doc)
    row_losses: InputArray = _own("row_losses")
    probs: InputArray = _own("probs")
    dscores: InputArray = _own("dscores")
    dw2: InputArray = _own("dw2")
    db2: InputArray = _own("db2")
    dh1: InputArray = _own("dh1")
    dw1: InputArray = _own("dw1")
    db1: InputArray = _own("db1")
    dx: InputArray = _own("dx")
    dtargets: InputArray = _own("dtargets")


class CheckRequest(Batch):
    """One batch, and the caller's own numbers for it. A null is the same as a field left out.

    Inputs and options are those of `ComputeRequest`, but for `want` and `gradient_dtype`.
    """

    gradients: OwnGradients | None = Field(
        default=None,
        description="The caller's own numbers, each of which must follow from the inputs sent. "
        "Left out, only the exact gradients are verified.",
    )
    encoding: Encoding | None = Field(
        default="list", description="Of no effect here, as the answer has no arrays."
    )


class Entry(BaseModel):
    """One number of the caller's beside the exact one."""

    model_config = _STRICT

    index: list[int] = Field(description="Its place in the array; empty for the loss.")
    theirs: Number = Field(description="The caller's number.")
    ours: Number = Field(description="The exact one.")
    relative_error: Number = Field(description="|theirs − ours| / max(|theirs|, |ours|).")


class Comparison(BaseModel):
    """One of the caller's quantities beside the exact one."""

    model_config = _STRICT

    name: CheckedName = _NAME
    band: Band = _BAND
    max_relative_error: Number = Field(
        description="The largest; infinite where shapes differ or theirs is no number."
    )
    n_entries: int = Field(description="Entries of theirs.")
    n_wrong: int = Field(description="Entries that are wrong; all of them where shapes differ.")
    shape: list[int] = Field(description="Shape of theirs.")
    expected_shape: list[int] = Field(description="Shape that it should have.")
    worst: list[Entry] = Field(
        description=f"Entries that differ, the largest relative errors first; {MAX_WORST} at most."
    )


class Verification(BaseModel):
    """An exact gradient beside differences of the loss."""

    model_config = _STRICT

    name: CheckedName = _NAME
    band: Band = _BAND
    max_relative_error: Number = Field(description="The largest along any direction.")
    n_directions: int = Field(
        description="Random directions along which the loss was differenced, in float64 and to "
        "the fourth order."
    )


class Diagnosis(BaseModel):
    """A known mistake that the caller's numbers have the shape of."""

    model_config = _STRICT

    code: str = Field(description="Such as not_divided_by_n.")
    name: CheckedName = _NAME
    text: str = Field(description="What the numbers look like, and what to change.")


class CheckAnswer(BaseModel):
    """What a check found."""

    model_config = _STRICT

    ok: bool = Field(description="Whether nothing is wrong and nothing was diagnosed.")
    diagnoses: list[str] = Field(description="The codes of the findings, each once.")
    loss: Number = _scalar("loss")
    data_loss: Number = _scalar("data_loss")
    reg_loss: Number = _scalar("reg_loss")
    z_loss: Number = _scalar("z_loss")
    denominator: Number = _scalar("denominator")
    n_rows: int = _scalar("n_rows")
    n_ignored: int = _scalar("n_ignored")
    comparisons: list[Comparison] = Field(description="One for each quantity that was sent.")
    verifications: list[Verification] = Field(
        description="One for each gradient that follows from the inputs sent."
    )
    findings: list[Diagnosis] = Field(
        description="Where the numbers have the shape of a known mistake; at most one for each "
        "quantity."
    )
