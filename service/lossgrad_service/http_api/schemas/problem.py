"""The body of every error answer: RFC 9457 problem details."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ProblemError(BaseModel):
    """One thing wrong with one field."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(
        description="JSON pointer (RFC 6901) to the field in the request, such as /scores/3/1; "
        "empty for the whole body."
    )
    detail: str = Field(description="What is wrong with it and what was expected.")


class Problem(BaseModel):
    """What went wrong, as application/problem+json."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="URN of the class of error, such as urn:lossgrad:error:busy.")
    title: str = Field(description="The class of error in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What was wrong, where, what was expected and what to do.")
    errors: list[ProblemError] | None = Field(
        default=None, description="With 400: everything that is wrong, at most 20."
    )
    limit: str | None = Field(
        default=None, description="With 413: name of the limit, such as max_request_bytes."
    )
    retry_after: float | None = Field(
        default=None, description="With 429, and some 503: seconds to wait before the next try."
    )
    request_id: str | None = Field(
        default=None, description="With 500: id under which the server logged the cause."
    )
