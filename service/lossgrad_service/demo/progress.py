"""The progress bar with the live loss and accuracy."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lossgrad_service.demo.training import History, Step


def follow(steps: Iterable[Step], total: int, history: History, console: Console) -> None:
    """Let the training run to its end, add its steps to `history` and show them."""
    with _bar(console) as bar:
        task = bar.add_task("training", total=total, loss=float("nan"), accuracy=0.0)
        for step in steps:
            history.add(step)
            bar.update(task, advance=1, loss=step.loss, accuracy=100 * history.accuracy)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss [bold]{task.fields[loss]:.4f}[/]"),
        TextColumn("test accuracy [bold]{task.fields[accuracy]:.1f} %[/]"),
        TimeElapsedColumn(),
        console=console,
    )
