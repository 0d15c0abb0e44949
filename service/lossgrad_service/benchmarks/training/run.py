"""A whole run: every way at every shape, beside a service that is started for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.progress import track

from lossgrad.allocator import tune_unless_told
from lossgrad_service.benchmarks.kernel.figures import Figures
from lossgrad_service.benchmarks.kernel.shapes import Shape
from lossgrad_service.benchmarks.servers import running_lossgrad
from lossgrad_service.benchmarks.timing import Call, settled_medians
from lossgrad_service.benchmarks.training.steps import open_clients, steps
from lossgrad_service.benchmarks.ways import is_taken


def measure(shapes: Sequence[Shape], rounds: int) -> Figures:
    """Return the median seconds of each way at each shape.

    Memory is allocated as in every process with a client, for PyTorch's own way, too.
    """
    tune_unless_told()
    with running_lossgrad() as child, open_clients(child.addresses) as clients:
        return {
            shape: _medians(steps(shape, clients), rounds)
            for shape in track(shapes, "timing steps", transient=True)
        }


def _medians(ways: Mapping[str, Call], rounds: int) -> dict[str, float | None]:
    taken = {way: call for way, call in ways.items() if is_taken(call)}
    medians = settled_medians(taken, rounds)
    return {way: medians.get(way) for way in ways}
