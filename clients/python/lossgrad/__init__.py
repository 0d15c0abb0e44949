"""Losses of classifiers and their exact gradients, computed by a service.

>>> import lossgrad
>>> with lossgrad.Client("localhost:50051") as client:
...     result = client.compute(scores=scores, labels=labels)
...     result.loss, result.dscores

`Client.compute` has the inputs and options; `lossgrad.errors` draws the exceptions.
"""

from typing import Any

from lossgrad.aio import AsyncClient
from lossgrad.client import Client
from lossgrad.errors import (
    Busy,
    Cancelled,
    DeadlineExceeded,
    Internal,
    InvalidArgument,
    LossGradError,
    PermissionDenied,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    Violation,
)
from lossgrad.sharded import AsyncShardedClient, ShardedClient
from lossgrad.types.check import Check
from lossgrad.types.info import Limits, ServerInfo
from lossgrad.types.result import Result

__version__: str

__all__ = [
    "AsyncClient",
    "AsyncShardedClient",
    "Busy",
    "Cancelled",
    "Check",
    "Client",
    "DeadlineExceeded",
    "Internal",
    "InvalidArgument",
    "Limits",
    "LossGradError",
    "PermissionDenied",
    "Result",
    "ServerInfo",
    "ShardedClient",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Violation",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        # Read when asked for: importlib.metadata would cost every import 20 ms.
        from importlib.metadata import version

        return version("lossgrad")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
