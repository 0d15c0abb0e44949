from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from lossgrad_service.child import running_service
from lossgrad_service.demo.data import Digits, load_digits
from lossgrad_service.demo.model import MODELS, Model, two_layer_parameters
from lossgrad_service.demo.workers import WorkerPool, worker_pool


@pytest.fixture(scope="session")
def digits() -> Digits:
    return load_digits()


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """The target of a real service in a process of its own."""
    with running_service() as targets:
        yield targets["gRPC"]


@pytest.fixture(scope="session")
def pool(service: str) -> Iterator[WorkerPool]:
    """Two worker processes that call it."""
    with worker_pool(2, service) as workers:
        yield workers


@pytest.fixture(params=sorted(MODELS))
def model(request: pytest.FixtureRequest) -> Model:
    """Each of the two classifiers, the two-layer one with few hidden units."""
    if request.param == "linear":
        return MODELS["linear"]
    return replace(MODELS["two-layer"], initialise=partial(two_layer_parameters, hidden=12))
