"""The answer of ``POST /v1/compute``."""

from __future__ import annotations

from typing import Any

from lossgrad.types.quantities import SCALARS
from pydantic import BaseModel, ConfigDict, Field

from lossgrad_service.http_api.schemas.arrays import Number, OpaqueArray, output_field


def _scalar(name: str, **default: Any) -> Any:
    return Field(description=f"{SCALARS[name].doc}.", **default)


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
    accuracy: Number | None = _scalar("accuracy", default=None)

    row_losses: OpaqueArray = output_field("row_losses")
    dscores: OpaqueArray = output_field("dscores")
    dw2: OpaqueArray = output_field("dw2")
    db2: OpaqueArray = output_field("db2")
    dh1: OpaqueArray = output_field("dh1")
    dw1: OpaqueArray = output_field("dw1")
    db1: OpaqueArray = output_field("db1")
    dx: OpaqueArray = output_field("dx")
    dtargets: OpaqueArray = output_field("dtargets")
    probs: OpaqueArray = output_field("probs")
    log_partition: OpaqueArray = output_field("log_partition")
    predictions: OpaqueArray = output_field("predictions")
