"""The paths of the Open Inference Protocol."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from lossgrad_service.metrics.catalogue import MethodName

ROOT: Final = "/v2"
LIVE: Final = f"{ROOT}/health/live"
READY: Final = f"{ROOT}/health/ready"
MODEL: Final = f"{ROOT}/models/{{model}}"
VERSION: Final = f"{MODEL}/versions/{{version}}"

_OF_MODEL: Final = re.compile(rf"{ROOT}/models/[^/]+(?:/versions/[^/]+)?(?P<rest>/infer|/ready|)")

_METHODS: Final[Mapping[str, MethodName]] = {
    "/infer": "ModelInfer",
    "/ready": "ModelReady",
    "": "ModelMetadata",
}


def is_of_inference(path: str) -> bool:
    """Return whether a path is one of the protocol, whether it is there or not."""
    return path == ROOT or path.startswith(f"{ROOT}/")


def method_at(path: str) -> MethodName | None:
    """Return the method that a path stands for, None where it is none of the protocol's.

    Whether the server is alive and ready is asked every few seconds, and not counted.
    """
    if path == ROOT:
        return "ServerMetadata"
    found = _OF_MODEL.fullmatch(path)
    return None if found is None else _METHODS[found["rest"]]
