"""The demo from beginning to end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from lossgrad import Client
from lossgrad_service.child import running_service
from lossgrad_service.cli.keeping import keep
from lossgrad_service.demo.data import Digits, load_digits
from lossgrad_service.demo.model import MODELS
from lossgrad_service.demo.plot import save_picture
from lossgrad_service.demo.progress import follow
from lossgrad_service.demo.report import to_json
from lossgrad_service.demo.table import closing_table
from lossgrad_service.demo.training import History, steps_in_all, train
from lossgrad_service.demo.workers import WorkerPool, worker_pool

GREETING_SECONDS = 10.0
"""What a service gets to answer at all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be trained, by how many, and where the picture goes."""

    model: str
    """A name in `MODELS`."""
    workers: int
    epochs: int
    seed: int
    png: Path
    json: Path | None = None
    """Where the figures go, if anywhere."""


def run(plan: Plan, target: str | None) -> None:
    """Train as planned through the service at `target`, or one of our own; show how it went.

    The last line printed is the test accuracy.

    Raises
    ------
    LossGradError
        The service refused a call or was not reached.
    ServiceDidNotStart, ProcessDied
        A child process went away.
    """
    console = Console()
    begun = time.perf_counter()
    digits, history = load_digits(), History()
    with _service(target) as address:
        _greet(address, plan.workers, console)
        with worker_pool(plan.workers, address) as pool:
            training = _train(plan, pool, digits, history, console)
    in_all = time.perf_counter() - begun
    title = f"{plan.model} classifier of handwritten digits"
    save_picture(history, digits.test.labels, title, plan.png)
    if plan.json is not None:
        keep(to_json(history, pool.tally, training=training, in_all=in_all), plan.json)
    steps = len(history.losses)
    console.print(closing_table(pool.tally, steps=steps, training=training, in_all=in_all))
    console.print(f"learning curve and confusions: {plan.png}", highlight=False, soft_wrap=True)
    console.print(f"test accuracy {100 * history.accuracy:.1f} %", highlight=False)


@contextmanager
def _service(target: str | None) -> Iterator[str]:
    if target is not None:
        yield target
        return
    with running_service() as targets:
        yield targets["gRPC"]


def _greet(address: str, workers: int, console: Console) -> None:
    """Say who calls whom, once the service has answered."""
    with Client(address) as client:
        version = client.info(timeout=GREETING_SECONDS).version
    text = f"{workers} workers call lossgrad {version} at {address}"
    console.print(text, highlight=False, soft_wrap=True)


def _train(
    plan: Plan, pool: WorkerPool, digits: Digits, history: History, console: Console
) -> float:
    """Train under a progress bar, record the steps in `history`, and return the seconds."""
    begun = time.perf_counter()
    steps = train(pool, MODELS[plan.model], digits, plan.epochs, plan.seed)
    follow(steps, steps_in_all(len(digits.train), plan.epochs), history, console)
    return time.perf_counter() - begun
