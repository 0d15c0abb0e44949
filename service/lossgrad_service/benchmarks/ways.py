"""The ways of making one and the same call, each a function without arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import numpy as np
import orjson
import urllib3

from lossgrad import Client
from lossgrad.codecs.problem_details import decode_problem_details
from lossgrad.types import Array

Call = Callable[[], object]


def batch(rows: int, classes: int) -> dict[str, Array]:
    """Return the arguments of the call: standard normal float32 scores, and labels."""
    rng = np.random.default_rng(0)
    return {
        "scores": rng.standard_normal((rows, classes), np.float32),
        "labels": rng.integers(classes, size=rows),
    }


@contextmanager
def open_ways(targets: Mapping[str, str], arguments: dict[str, Any]) -> Iterator[dict[str, Call]]:
    """Yield the call by every way, by name: the clients, and JSON lists without one.

    Parameters
    ----------
    targets
        Addresses of a running service, with the keys ``gRPC`` and ``HTTP``.
    arguments
        Those of `batch`.
    """
    clients = {
        "gRPC": targets["gRPC"],
        "HTTP, base64 arrays": targets["HTTP"],
        "local: (no wire)": "local:",
    }
    with ExitStack() as stack:
        ways: dict[str, Call] = {
            name: partial(stack.enter_context(Client(target)).compute, **arguments)
            for name, target in clients.items()
        }
        pool = stack.enter_context(urllib3.PoolManager())
        ways["HTTP, nested lists"] = partial(_post_lists, pool, targets["HTTP"], arguments)
        yield ways


def _post_lists(pool: urllib3.PoolManager, target: str, arguments: dict[str, Any]) -> Array:
    """Make the call as a caller with NumPy arrays and no client would: lists out, lists in.

    Raises
    ------
    LossGradError
        What the service answered, such as `TooLarge` for a batch that fits as bytes only.
    """
    body = orjson.dumps(arguments, option=orjson.OPT_SERIALIZE_NUMPY)
    headers = {"content-type": "application/json"}
    answer = pool.request("POST", f"{target}/v1/compute", body=body, headers=headers)
    document = orjson.loads(answer.data)
    if answer.status != 200:
        raise decode_problem_details(answer.status, document)
    return np.array(document["dScores"])
