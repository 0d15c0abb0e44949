"""The batch of every request, and the request of ``POST /v1/compute``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from lossgrad.codecs.json import SPELLINGS, Encoding
from lossgrad.types.options import (
    EmptyMean,
    FloatName,
    LossName,
    NonfinitePolicy,
    Options,
    Reduction,
    RegConvention,
)
from lossgrad.types.quantities import WANTABLE
from lossgrad_service.http_api.schemas.arrays import InputArray, input_field

_DEFAULTS = Options()
_SPELLINGS = list(dict.fromkeys((*SPELLINGS.values(), *WANTABLE)))
WantedName = Annotated[str, WithJsonSchema({"type": "string", "enum": _SPELLINGS})]


def _option(name: str, description: str, **schema: Any) -> Any:
    """Return the field of an option.

    `schema` tells its range to the reader. The range is enforced where every
    transport's options are, so that the same mistake reads the same everywhere.
    """
    default = getattr(_DEFAULTS, name)
    return Field(default=default, description=description, json_schema_extra=schema or None)


class Batch(BaseModel):
    """What every computation is given: inputs and options."""

    model_config = ConfigDict(extra="forbid", strict=True)

    scores: InputArray = input_field("scores")
    labels: InputArray = input_field("labels")
    targets: InputArray = input_field("targets")
    h1: InputArray = input_field("h1")
    w2: InputArray = input_field("w2")
    b2: InputArray = input_field("b2")
    x: InputArray = input_field("x")
    w1: InputArray = input_field("w1")
    b1: InputArray = input_field("b1")
    class_weights: InputArray = input_field("class_weights")
    sample_weights: InputArray = input_field("sample_weights")

    loss: LossName | None = _option(
        "loss", "Cross-entropy of softmax(scores), or the multiclass hinge (SVM) loss."
    )
    reduction: Reduction | None = _option(
        "reduction",
        "How row losses become the loss: divided by the denominator, not divided, or left alone "
        "(then row_losses are the answer, and loss and gradients are those of their sum).",
    )
    denominator: float | None = _option(
        "denominator",
        "Replaces the mean's own denominator; finite, at least 1e-100 in size, with reduction "
        "mean only. Shards of a batch add up to the whole when each is sent with the whole "
        "batch's denominator.",
    )
    ignore_index: int | None = _option(
        "ignore_index",
        "Rows with this label are left out: their loss and gradients are exactly 0. Any integer "
        "of 64 bits; with labels only.",
    )
    label_smoothing: float | None = _option(
        "label_smoothing",
        "ε: this much of the target is spread over all classes.",
        minimum=0,
        maximum=1,
    )
    temperature: float | None = _option(
        "temperature", "Scores are divided by it.", minimum=1e-100, maximum=1e100
    )
    softcap: float | None = _option(
        "softcap",
        "Scores are squashed to ±softcap by softcap·tanh(·/softcap); not applied when left out.",
        minimum=1e-100,
        maximum=1e100,
    )
    z_loss: float | None = _option(
        "z_loss", "α, the coefficient of the squared log-partition of each row.", minimum=0
    )
    margin: float | None = _option("margin", "The hinge's margin; with loss hinge only.", minimum=0)
    reg: float | None = _option(
        "reg", "Coefficient of the L2 penalty; more than 0 needs w1 or w2.", minimum=0
    )
    reg_convention: RegConvention | None = _option(
        "reg_convention",
        "half: reg·½·(Σw1² + Σw2²), gradient reg·w. full: reg·(Σw1² + Σw2²), gradient 2·reg·w.",
    )
    nonfinite: NonfinitePolicy | None = _option(
        "nonfinite",
        "NaN and infinities in rows that count: an error that names them, or computed on as "
        "IEEE 754 has it. A −Infinity score away from the label is a mask and is fine.",
    )
    empty_mean: EmptyMean | None = _option(
        "empty_mean",
        "The mean over nothing (no rows, all ignored, denominator 0): data part exactly 0, NaN as "
        "in PyTorch, or an error.",
    )


class ComputeRequest(Batch):
    """One batch: its inputs and options. A null is the same as a field left out.

    Send `scores`, or `h1` and `w2`, or `x`, `w1` and `w2`; and `labels` or `targets`.
    "…" stands for any leading axes, flattened to N rows and restored in the answer;
    C classes, D hidden width, P input width.
    """

    want: list[WantedName] | None = _option(
        "want",
        "Quantities to answer beside the loss's own scalars. Left out: loss; dScores when scores "
        "were sent; dW2 and db2 when w2 and h1 or x were; dW1 and db1 when x was.",
        minItems=1,
    )
    gradient_dtype: FloatName | None = _option(
        "gradient_dtype",
        "Dtype of all gradients; left out, a gradient has the dtype of its quantity.",
    )
    encoding: Encoding | None = Field(
        default="list", description="How arrays are written in the answer."
    )
