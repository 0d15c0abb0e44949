"""One call on its way through the service."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any, Final, NamedTuple, get_args

import numpy as np

from lossgrad.errors import LossGradError
from lossgrad.types import Problem
from lossgrad_service.admission import Visit
from lossgrad_service.calls.deadline import Deadline
from lossgrad_service.calls.failure import Failure
from lossgrad_service.calls.stopwatch import Stopwatch
from lossgrad_service.calls.traceparent import Trace
from lossgrad_service.metrics.catalogue import Dtype, MethodName, Transport


class Head(NamedTuple):
    """What a call is before its message."""

    method: MethodName = "unknown"
    transport: Transport = "grpc"
    trace: Trace | None = None
    """The trace that its caller says it is part of."""


_UNKNOWN: Final = Head()

_DTYPES: Final[Mapping[np.dtype[Any], Dtype]] = {np.dtype(name): name for name in get_args(Dtype)}
"""NumPy makes up a dtype's name whenever it is asked, which takes microseconds."""


class Call:
    """What is known of a call beside its message, and what becomes of it.

    Parameters
    ----------
    request_id
        What it is called in logs and in its answer.
    deadline
        Until when it is worth working on.
    head
        Its method, and how it came.
    """

    __slots__ = (
        "cells",
        "deadline",
        "dtype",
        "failure",
        "head",
        "is_answered",
        "is_counted",
        "received",
        "request_id",
        "rows",
        "sent",
        "started",
        "visit",
        "watch",
    )

    def __init__(self, request_id: str, deadline: Deadline, head: Head = _UNKNOWN) -> None:
        self.request_id = request_id
        self.deadline = deadline
        self.head = head
        self.started = perf_counter()
        self.watch = Stopwatch()
        """Where its time goes."""
        self.visit: Visit | None = None
        """What it holds, and for whom, once it is in at the gate."""
        self.rows = self.cells = 0
        """Of the scores that were computed for it."""
        self.dtype: Dtype = "float32"
        """What they are computed in."""
        self.received = self.sent = 0
        """Bytes of its messages."""
        self.is_counted = False
        """Whether its bytes and rows were counted already, as those of streams are."""
        self.is_answered = False
        self.failure: Failure | None = None
        """Neither this nor an answer where its caller went away."""

    @property
    def caller(self) -> str:
        """The name of its caller; empty before it is in at the gate."""
        return "" if self.visit is None else self.visit.caller.name

    @property
    def phases(self) -> dict[str, float]:
        """Seconds of ``decode``, ``wait``, ``compute`` and ``encode``, as far as it came."""
        phases = dict(self.watch.timing)
        if self.visit is not None and self.visit.waited:
            phases["wait"] = phases.get("wait", 0.0) + self.visit.waited
        return phases

    def computed(self, problem: Problem) -> None:
        """Note that a problem was computed; nothing of its arrays is kept."""
        self.rows = problem.n_rows
        self.cells = problem.n_rows * problem.n_classes
        self.dtype = dtype_of(problem)

    def failed(self, error: LossGradError) -> None:
        """Note why it failed."""
        self.failure = Failure.of(error)

    def answered(self, size: int) -> None:
        """Note that its answer, of so many bytes, is made and on its way."""
        self.sent += size
        self.is_answered = True


def dtype_of(problem: Problem) -> Dtype:
    """Return what the kernels compute a problem in."""
    return _DTYPES[problem.form.row_dtype]
