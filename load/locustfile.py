"""Load on a running service: one user that calls over gRPC, one over HTTP with JSON.

Both send the same small training step (128 rows, 100 hidden units, 10 classes) and
ask for the loss, dW2 and db2. An answer that differs from the others in a single
bit of its loss counts as a failure. `load/README.md` tells how to run it.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
from grpc.experimental import gevent as grpc_gevent
from locust import FastHttpUser, User, task
from locust.exception import ResponseError

from lossgrad import Client

# gRPC waits in C, where gevent cannot see it; so before the first channel is opened.
grpc_gevent.init_gevent()

GRPC_TARGET = os.environ.get("LOSSGRAD_GRPC_TARGET", "localhost:50051")

TIMEOUT_SECONDS = 10.0
"""Of one call, with the client's own retries; what takes longer has failed."""

ROWS, HIDDEN, CLASSES = 128, 100, 10


def training_step() -> dict[str, Any]:
    """Return the arguments of the call that every user makes."""
    rng = np.random.default_rng(0)
    return {
        "h1": np.maximum(rng.normal(size=(ROWS, HIDDEN)), 0),
        "w2": rng.normal(scale=0.1, size=(HIDDEN, CLASSES)),
        "b2": np.zeros(CLASSES),
        "labels": rng.integers(CLASSES, size=ROWS),
        "reg": 1e-3,
    }


PROBLEM = training_step()
BODY = json.dumps(PROBLEM, default=np.ndarray.tolist).encode()


class WrongAnswer(ResponseError):
    """An answer differs from the first one, though the question was the same."""


class Agreement:
    """Holds every answer against the first one."""

    def __init__(self) -> None:
        self._first: float | None = None

    def check(self, loss: float) -> None:
        """Raise `WrongAnswer` unless `loss` is the first one's, bit for bit."""
        if self._first is None:
            self._first = loss
        if loss != self._first:
            raise WrongAnswer(f"loss {loss!r}, but {self._first!r} at first")


AGREEMENT = Agreement()


class GrpcUser(User):
    """A training worker: calls through the Python client, one call after another."""

    def on_start(self) -> None:
        """Open a channel of its own."""
        self.lossgrad = Client(GRPC_TARGET, timeout=TIMEOUT_SECONDS)

    def on_stop(self) -> None:
        """Close it."""
        self.lossgrad.close()

    @task
    def compute(self) -> None:
        """Make one call; `measure` reports it, and an exception as a failure."""
        with self.environment.events.request.measure("gRPC", "Compute"):
            AGREEMENT.check(self.lossgrad.compute(**PROBLEM).loss)


class HttpUser(FastHttpUser):
    """A caller without our client: posts JSON with nested lists, one call after another."""

    host = "http://localhost:8080"
    network_timeout = TIMEOUT_SECONDS

    @task
    def compute(self) -> None:
        """Make one call; statuses other than 2xx are failures by themselves."""
        with self.client.post(
            "/v1/compute",
            data=BODY,
            headers={"content-type": "application/json"},
            catch_response=True,
        ) as response:
            if response.status_code == 200:
                AGREEMENT.check(response.json()["loss"])
