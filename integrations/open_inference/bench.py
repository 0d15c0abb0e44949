"""``python -m integrations.open_inference.bench``: tritonclient's calls beside our client's.

Each way makes the calls of `lossgrad bench`: the same arrays sent, and the same outputs read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any, TypeAlias

import tritonclient.grpc
import tritonclient.http
from rich.console import Console
from rich.table import Table
from tritonclient.utils import np_to_triton_dtype

from lossgrad_service.benchmarks.figures import rounded
from lossgrad_service.benchmarks.results import Times
from lossgrad_service.benchmarks.servers import running_lossgrad
from lossgrad_service.benchmarks.timing import Call, turns
from lossgrad_service.benchmarks.ways.ours import open_client
from lossgrad_service.benchmarks.workloads import WORKLOADS, Answer, Workload

ROUNDS = 7

MODEL = "linear_softmax_loss"

Opening: TypeAlias = Callable[[str, Workload], AbstractContextManager[Call]]


@contextmanager
def open_triton(target: str, workload: Workload, *, module: Any) -> Iterator[Call]:
    """Call as the users of tritonclient do: inputs and outputs are made anew for each call."""
    arguments = workload.arguments()
    with module.InferenceServerClient(target.removeprefix("http://")) as client:

        def call() -> Answer:
            inputs = [_input(module, name, array) for name, array in arguments.items()]
            outputs = [module.InferRequestedOutput(n) for n in ("loss", *workload.gradients)]
            answer = client.infer(MODEL, inputs, outputs=outputs)
            arrays = {name: answer.as_numpy(name) for name in workload.gradients}
            return Answer(answer.as_numpy("loss")[0], **arrays)

        yield call


def _input(module: Any, name: str, array: Any) -> Any:
    sent = module.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    return sent.set_data_from_numpy(array)


WAYS: dict[str, tuple[str, Opening]] = {
    "lossgrad over gRPC": ("gRPC", open_client),
    "tritonclient over gRPC": ("gRPC", partial(open_triton, module=tritonclient.grpc)),
    "lossgrad over HTTP, base64": ("HTTP", open_client),
    "tritonclient over HTTP, bytes": ("HTTP", partial(open_triton, module=tritonclient.http)),
}


def times(targets: dict[str, str], workload: Workload) -> dict[str, Times]:
    """Return the times of each way at a workload, after a look that all bring the same."""
    with ExitStack() as stack:
        calls = {
            name: stack.enter_context(open_way(targets[protocol], workload))
            for name, (protocol, open_way) in WAYS.items()
        }
        losses = {name: call().loss for name, call in calls.items()}
        if len(set(losses.values())) > 1:
            raise SystemExit(f"the ways have different losses: {losses}")
        return {name: Times.of(taken) for name, taken in turns(calls, ROUNDS).items()}


def main() -> None:
    """Print the medians of each way at the workloads A, B and C, in milliseconds."""
    workloads = [workload for workload in WORKLOADS if workload.name in "ABC"]
    table = Table("median ms", *(str(workload) for workload in workloads))
    with running_lossgrad() as child:
        found = [times(child.addresses, workload) for workload in workloads]
    for name in WAYS:
        table.add_row(name, *(rounded(1e3 * each[name].median, 3) for each in found))
    Console().print(table)


if __name__ == "__main__":
    main()
