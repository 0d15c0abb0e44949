"""Every metric: its name, what it means, and all values that its labels may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Final, Literal, get_args

Kind = Literal["counter", "gauge", "histogram"]

MethodName = Literal[
    "Compute",
    "ComputeStream",
    "CheckGradients",
    "GetServerInfo",
    "ServerReflectionInfo",
    "ModelInfer",
    "ModelMetadata",
    "ModelReady",
    "ServerMetadata",
    "unknown",
]
Transport = Literal["grpc", "http"]
Phase = Literal["decode", "wait", "compute", "encode"]
Dtype = Literal["float32", "float64"]
Direction = Literal["received", "sent"]
Cancellation = Literal["caller", "deadline", "shutdown"]
Resource = Literal["bytes", "threads"]
Refusal = Literal[
    "unauthenticated",
    "quota_calls",
    "quota_bytes",
    "bytes",
    "threads",
    "late_caller",
    "too_large",
    "memory",
    "connections",
]
Restart = Literal["signal", "exit", "hung", "unready", "reload"]
"""What became of a worker's process: the last one is replaced as somebody asked for it."""

COMPUTING: Final[tuple[MethodName, ...]] = (
    "Compute",
    "ComputeStream",
    "CheckGradients",
    "ModelInfer",
)
"""Methods whose calls go through phases."""

CODES: Final = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""gRPC's status codes by their numbers; calls over HTTP are counted by the same."""

SECONDS: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0),
)
"""Upper bounds of the buckets of durations: tiny heads to streams of minutes."""

_WAY: Final = {"method": get_args(MethodName), "transport": get_args(Transport)}
_COMPUTING: Final = {"method": COMPUTING, "transport": get_args(Transport)}


@dataclass(frozen=True)
class Metric:
    """One name, and its series: one for each combination of label values."""

    kind: Kind
    name: str
    help: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    buckets: tuple[float, ...] = ()

    @property
    def series(self) -> list[tuple[str, ...]]:
        """The values of its labels, in each of their combinations."""
        return list(product(*self.labels.values()))

    @property
    def width(self) -> int:
        """How many numbers a series has: one, or a sum and the counts of buckets and +Inf."""
        return len(self.buckets) + 2 if self.kind == "histogram" else 1


OF_CALLS: Final = (
    Metric(
        "counter",
        "lossgrad_requests_total",
        "Calls that ended, by their gRPC status code.",
        {**_WAY, "code": CODES},
    ),
    Metric(
        "histogram",
        "lossgrad_request_duration_seconds",
        "Seconds from the head of a call to the end of its answer.",
        _WAY,
        SECONDS,
    ),
    Metric(
        "histogram",
        "lossgrad_phase_duration_seconds",
        "Seconds of one call in one phase: decoding, waiting for memory or a thread, computing, "
        "encoding.",
        {**_COMPUTING, "phase": get_args(Phase)},
        SECONDS,
    ),
    Metric(
        "counter",
        "lossgrad_received_bytes_total",
        "Bytes of messages that callers sent, as they are after decompression.",
        _WAY,
    ),
    Metric("counter", "lossgrad_sent_bytes_total", "Bytes of messages that answer calls.", _WAY),
    Metric("counter", "lossgrad_rows_total", "Rows that were computed.", _WAY),
    Metric(
        "counter",
        "lossgrad_kernel_cells_total",
        "Scores, rows times classes, that the kernels went through, by the dtype they compute in.",
        {"dtype": get_args(Dtype)},
    ),
    Metric(
        "counter",
        "lossgrad_stream_messages_total",
        "Messages of streams.",
        {"direction": get_args(Direction)},
    ),
    Metric(
        "counter",
        "lossgrad_refusals_total",
        "Calls, and connections, that were refused, by what they lacked.",
        {"cause": get_args(Refusal)},
    ),
    Metric(
        "counter",
        "lossgrad_cancelled_calls_total",
        "Calls that were given up before their answer, by whom.",
        {"cause": get_args(Cancellation)},
    ),
    Metric("gauge", "lossgrad_in_flight_calls", "Calls under way.", _WAY),
    Metric("gauge", "lossgrad_admission_held_bytes", "Bytes that calls hold of the budget."),
    Metric("gauge", "lossgrad_admission_limit_bytes", "Bytes that calls may hold together."),
    Metric(
        "gauge",
        "lossgrad_waiting_calls",
        "Calls that wait for bytes of the budget, or for a compute thread.",
        {"resource": get_args(Resource)},
    ),
    Metric("gauge", "lossgrad_shared_memory_bytes", "Bytes of callers' memory that are mapped."),
    Metric("gauge", "lossgrad_compute_threads", "Threads that compute."),
    Metric("gauge", "lossgrad_http_connections", "HTTP connections that are open."),
)
"""What is told as the sum over all workers."""

RESTARTS: Final = Metric(
    "counter",
    "lossgrad_worker_restarts_total",
    "How often a process of a worker ended or was replaced, by why.",
    {"cause": get_args(Restart)},
)
READY: Final = Metric("gauge", "lossgrad_worker_ready", "1 while a worker is ready, else 0.")
START_TIME: Final = Metric(
    "gauge",
    "lossgrad_worker_start_time_seconds",
    "When a worker's process took up its work, in seconds since 1970; 0 while there is none.",
)
LAG: Final = Metric(
    "gauge",
    "lossgrad_worker_event_loop_lag_seconds",
    "Seconds that the event loop was late at most, of the last fifteen.",
)
OF_WORKERS: Final = (RESTARTS, READY, START_TIME, LAG)
"""What is told of each worker, with its number, from 1, as the label ``worker``."""

RESIDENT: Final = Metric(
    "gauge",
    "lossgrad_worker_resident_memory_bytes",
    "Bytes of memory that a worker has resident, shared pages among them.",
)
CPU: Final = Metric(
    "counter", "lossgrad_worker_cpu_seconds_total", "Seconds of CPU that a worker has used."
)
OF_PROCESSES: Final = (RESIDENT, CPU)
"""What the system tells of each worker's process when it is asked; labelled likewise."""

BUILD: Final = Metric("gauge", "lossgrad_build_info", "1, labelled with what runs.")
"""Whose labels are named where its values are known."""

CATALOGUE: Final = (*OF_CALLS, *OF_WORKERS, *OF_PROCESSES, BUILD)
