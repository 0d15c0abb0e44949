"""The settings of a server, read from ``LOSSGRAD_*`` variables."""

from __future__ import annotations

import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from lossgrad_service.cores import available_cores
from lossgrad_service.memory_limit import memory_limit

MEBIBYTE = 2**20
GIBIBYTE = 2**30

IDLE_BYTES = 256 * MEBIBYTE
"""What two workers take before any call, about."""

LEAST_ADMISSION = 64 * MEBIBYTE
"""What calls may hold on the smallest machine."""

ENOUGH_FOR_TWO = 512 * MEBIBYTE
"""Of which one caller gets a quarter in each of two workers: 128 MiB."""

Port = Annotated[int, Field(ge=0, le=65535)]
# gRPC keeps its message limit in a signed 32-bit integer.
MessageLimit = Annotated[int, Field(ge=1, le=2**31 - 1)]
ByteLimit = Annotated[int, Field(ge=1, le=2**63 - 1)]
Seconds = Annotated[float, Field(ge=0, le=3600)]
PositiveSeconds = Annotated[float, Field(gt=0, le=86400)]


def usual_workers() -> int:
    """Return how many workers measure best, on the two cores of the largest machine measured.

    One where the kernel does not spread the connections to a port that is shared, or where
    half of the memory were too little for the calls of one.
    """
    if sys.platform != "linux" or usual_admission_bytes() < ENOUGH_FOR_TWO:
        return 1
    return min(available_cores(), 2)


def usual_admission_bytes() -> int:
    """Return a third of the memory that an idle service leaves.

    Calls take up to three times what they are charged.
    """
    return max(LEAST_ADMISSION, (memory_limit() - IDLE_BYTES) // 3)


def usual_shared_bytes() -> int:
    """Return half of what calls may hold: callers' memory that a worker has mapped is theirs."""
    return usual_admission_bytes() // 2


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches `host`; of names only ``localhost`` is known so."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Settings(BaseSettings):
    """Each field is the variable ``LOSSGRAD_`` + its name, and a flag of ``lossgrad serve``."""

    model_config = SettingsConfigDict(env_prefix="LOSSGRAD_", frozen=True)

    host: str = Field(
        default="127.0.0.1", min_length=1, description="Address that both ports listen on."
    )
    grpc_port: Port = Field(default=50051, description="Port of gRPC; 0 takes any free one.")
    http_port: Port = Field(default=8080, description="Port of HTTP; 0 takes any free one.")
    unix_socket: Path | None = Field(
        default=None, description="Path of a Unix socket on which gRPC listens as well."
    )
    keys_file: Path | None = Field(
        default=None,
        description="File of the keys that callers must show; without it everybody is let in.",
    )
    tls_certificate: Path | None = Field(
        default=None,
        description="File of the PEM certificate, and those that lead to its authority, by which "
        "both ports speak TLS only.",
    )
    tls_key: Path | None = Field(
        default=None, description="File of the certificate's PEM key, not encrypted."
    )
    tls_client_ca: Path | None = Field(
        default=None,
        description="File of PEM authorities, one of which must have certified every caller "
        "(mutual TLS).",
    )
    insecure: bool = Field(
        default=False,
        description="Whether to listen on an address that others reach without TLS and keys.",
    )
    max_request_bytes: MessageLimit = Field(
        default=64 * MEBIBYTE,
        description="Largest gRPC message or HTTP body that is taken; of a stream, one row.",
    )
    max_response_bytes: MessageLimit = Field(
        default=64 * MEBIBYTE,
        description="Largest answer in one message, counted as the bytes of its arrays; "
        "of a stream, one row.",
    )
    max_tensor_bytes: ByteLimit = Field(
        default=256 * GIBIBYTE, description="Largest input or output of a stream."
    )
    max_stream_bytes: ByteLimit = Field(
        default=1024 * GIBIBYTE, description="All inputs and outputs of a stream together."
    )
    max_held_bytes: ByteLimit = Field(
        default=GIBIBYTE,
        description="What one stream makes the server hold: the parameters, and sums over rows "
        "in float64.",
    )
    admission_bytes: ByteLimit = Field(
        default_factory=usual_admission_bytes,
        description="What all calls may hold together, requests and answers; one caller gets half. "
        "By default a third of the memory there is.",
    )
    shared_memory_bytes: Annotated[int, Field(ge=0, le=2**63 - 1)] = Field(
        default_factory=usual_shared_bytes,
        description="What callers over the Unix socket may share of their memory together, one "
        "caller half; 0 turns shared memory off. By default a sixth of the memory there is.",
    )
    max_call_seconds: PositiveSeconds = Field(
        default=60.0,
        description="How long a call that is no stream may take, whatever its caller allows.",
    )
    idle_seconds: PositiveSeconds = Field(
        default=60.0,
        description="How long a stream's caller may send nothing, or read no answer, before "
        "the stream is ended.",
    )
    max_http_connections: int = Field(
        default=4096,
        ge=1,
        le=2**20,
        description="HTTP connections that a worker has open; further ones are answered 503.",
    )
    compute_threads: int = Field(
        default_factory=available_cores,
        ge=1,
        le=1024,
        description="Threads for larger calls, as many as there are cores by default, and one to "
        "spare for callers who have none of them; small calls are answered on the event loop.",
    )
    compute_niceness: int = Field(
        default=5,
        ge=0,
        le=19,
        description="How far threads that compute give way (Linux): 5 keeps the event loop prompt "
        "in a flood; 0 is for a machine that busy programs share, of which they otherwise get "
        "the smaller part.",
    )
    workers: int = Field(
        default_factory=usual_workers,
        ge=1,
        le=256,
        description="Processes that share both ports and the compute threads: two by default, "
        "one where there is one core, or less than 1.75 GiB of memory.",
    )
    lame_duck_seconds: Seconds = Field(
        default=2.0,
        description="How long a server that was told to stop says that it is not ready "
        "and still takes calls, so that load balancers notice.",
    )
    shutdown_grace_seconds: Seconds = Field(
        default=20.0, description="How long calls under way may go on after that."
    )
    kernel_cache: Path | None = Field(
        default=None,
        description="Directory where compiled code is looked for and kept "
        "before the installation's own and the user's.",
    )
    malloc: Literal["tuned", "default"] = Field(
        default="tuned",
        description="Whether glibc's malloc keeps freed memory for the next messages (tuned) "
        "or is left as it is (default); clients read this variable, too.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe messages that are logged."
    )
