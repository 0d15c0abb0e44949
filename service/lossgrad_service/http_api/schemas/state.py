"""The answer of ``/healthz`` and ``/readyz``."""

from __future__ import annotations

from pydantic import BaseModel, Field


class State(BaseModel):
    """The state of the server."""

    status: str = Field(description="alive, or ready.")
