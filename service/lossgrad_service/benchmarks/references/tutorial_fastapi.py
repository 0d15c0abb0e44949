"""What one writes after FastAPI's tutorial, with NumPy in it and lists of lists of numbers."""

from __future__ import annotations

import socket
from collections.abc import Callable

import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from lossgrad_service.benchmarks.textbook import softmax_loss

app = FastAPI()


class Batch(BaseModel):
    """A request."""

    scores: list[list[float]]
    labels: list[int]
    h1: list[list[float]] | None = None
    w2: list[list[float]] | None = None


class Gradients(BaseModel):
    """An answer."""

    loss: float
    dscores: list[list[float]]
    dw2: list[list[float]] | None = None
    db2: list[float] | None = None


@app.post("/compute")
def compute(batch: Batch) -> Gradients:
    """Answer a request."""
    loss, dscores = softmax_loss(np.array(batch.scores), np.array(batch.labels))
    gradients = Gradients(loss=loss, dscores=dscores.tolist())
    if batch.h1 is not None:
        gradients.dw2 = (np.array(batch.h1).T @ dscores).tolist()
        gradients.db2 = dscores.sum(axis=0).tolist()
    return gradients


def serve(tell: Callable[[str], None]) -> None:
    """Serve for ever."""
    # The protocol is named, or asyncio would leave connections with Nagle's delay.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        tell("http://{}:{}".format(*listening.getsockname()))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        server.run([listening])
