"""The answer of ``GET /v1/info``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class LimitsInfo(BaseModel):
    """Limits on one call, in bytes; over one, the answer is 413."""

    model_config = ConfigDict(extra="forbid")

    max_request_bytes: int = Field(description="Largest gRPC message or HTTP body.")
    max_response_bytes: int = Field(
        description="Largest answer in one message, counted as the bytes of its arrays."
    )
    max_tensor_bytes: int = Field(description="Largest input or output of a gRPC stream.")
    max_stream_bytes: int = Field(description="All inputs and outputs of a gRPC stream together.")
    max_held_bytes: int = Field(
        description="What a gRPC stream makes the server hold: the parameters, and sums over "
        "rows in float64."
    )


class Info(BaseModel):
    """What this server is and what it takes."""

    model_config = ConfigDict(extra="forbid")

    version: str = Field(description="Version of the lossgrad distribution.")
    limits: LimitsInfo = Field(description="Published limits.")
    losses: list[str] = Field(description="Losses that can be asked for.")
    outputs: list[str] = Field(description="Quantities that can be asked for.")
    float_dtypes: list[str] = Field(description="Dtypes of scores, weights and gradients.")
    label_dtypes: list[str] = Field(description="Dtypes of labels.")
    compute_threads: int = Field(description="Threads that compute at the same time.")
    uptime_seconds: float = Field(description="Seconds since the server became ready.")
