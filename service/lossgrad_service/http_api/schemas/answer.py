"""The answer of ``POST /v1/compute``."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from lossgrad.types.quantities import SCALARS
from lossgrad_service.http_api.schemas.arrays import (
    Number,
    OutputArray,
    leave_out_default,
    output_field,
)


def _scalar(name: str, **default: Any) -> Any:
    return Field(description=SCALARS[name].doc, **default)


class ComputeAnswer(BaseModel):
    """The loss with its scalars, and the arrays that were asked for.

    Numbers that are not finite are the strings "NaN", "Infinity", "-Infinity".
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    loss: Number = _scalar("loss")
    data_loss: Number = _scalar("data_loss")
    reg_loss: Number = _scalar("reg_loss")
    z_loss: Number = _scalar("z_loss")
    denominator: Number = _scalar("denominator")
    n_rows: int = _scalar("n_rows")
    n_ignored: int = _scalar("n_ignored")
    accuracy: Number = _scalar("accuracy", default=None, json_schema_extra=leave_out_default)

    row_losses: OutputArray = output_field("row_losses")
    dscores: OutputArray = output_field("dscores")
    dw2: OutputArray = output_field("dw2")
    db2: OutputArray = output_field("db2")
    dh1: OutputArray = output_field("dh1")
    dw1: OutputArray = output_field("dw1")
    db1: OutputArray = output_field("db1")
    dx: OutputArray = output_field("dx")
    dtargets: OutputArray = output_field("dtargets")
    probs: OutputArray = output_field("probs")
    log_partition: OutputArray = output_field("log_partition")
    predictions: OutputArray = output_field("predictions")
