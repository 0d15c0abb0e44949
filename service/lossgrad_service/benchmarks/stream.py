"""One call that is larger than memory: from a file that is mapped, into another."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lossgrad import Client
from lossgrad.types import Array
from lossgrad_service.benchmarks.memory import resident
from lossgrad_service.benchmarks.results import Memory, Streamed
from lossgrad_service.benchmarks.servers import running_lossgrad

CLASSES = 2**15

ROWS_PER_GIBIBYTE = 2**30 // (4 * CLASSES)

PATIENCE_SECONDS = 3600.0


def stream(gibibytes: int) -> Streamed:
    """Make the call; its files are in the folder for temporary ones, and are removed."""
    rows = gibibytes * ROWS_PER_GIBIBYTE
    with TemporaryDirectory() as folder, running_lossgrad() as child:
        scores, dscores = (_mapped(Path(folder) / name, rows) for name in ("scores", "dscores"))
        _fill(scores)
        labels = np.random.default_rng(0).integers(CLASSES, size=rows)
        with Client(child.addresses["gRPC"], timeout=PATIENCE_SECONDS) as client:
            client.compute(scores=scores[:1], labels=labels[:1])
            idle = resident(child.pid).idle
            begun = time.perf_counter()
            client.compute(scores=scores, labels=labels, out={"dscores": dscores})
            seconds = time.perf_counter() - begun
        return Streamed(gibibytes, seconds, Memory(idle, resident(child.pid).peak))


def _mapped(path: Path, rows: int) -> Array:
    return np.memmap(path, np.float32, "w+", shape=(rows, CLASSES))


def _fill(scores: Array) -> None:
    """Write the same gibibyte of normal numbers again and again."""
    block = np.random.default_rng(0).standard_normal((ROWS_PER_GIBIBYTE, CLASSES), np.float32)
    for start in range(0, len(scores), ROWS_PER_GIBIBYTE):
        scores[start : start + ROWS_PER_GIBIBYTE] = block
