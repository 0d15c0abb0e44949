"""What a server tells about itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InfoRequest:
    """Asks for a `ServerInfo`; there is nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits on one call, in bytes; exceeding one is `TooLarge`. `limits` counts them.

    One that an older server does not tell is the largest integer of 64 bits.
    """

    max_request_bytes: int
    """Largest request: a gRPC message or an HTTP body; of a stream, all inputs of one row.

    A row has 64 KiB less, for what stands around it.
    """
    max_response_bytes: int
    """Largest answer in one message, counted as the bytes of its arrays; of a stream, one row."""
    max_tensor_bytes: int
    """Largest input or output of a stream, or in process."""
    max_stream_bytes: int
    """All inputs and outputs of a stream together, or in process."""
    max_held_bytes: int
    """What a stream makes the server hold: the parameters, and sums over rows in float64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerInfo:
    """Version, limits and capabilities of a server."""

    version: str
    limits: Limits
    losses: tuple[str, ...]
    outputs: tuple[str, ...]
    float_dtypes: tuple[str, ...]
    label_dtypes: tuple[str, ...]
    compute_threads: int
    uptime_seconds: float
