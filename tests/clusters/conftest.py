"""The service on a Ray of this machine: two replicas behind Ray's own proxies."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
import ray
from ray import serve

from lossgrad_service.ray_serve.application import LossGrad

REPLICAS = 2
LIMITS = {
    "LOSSGRAD_MAX_REQUEST_BYTES": str(2**21),
    "LOSSGRAD_ADMISSION_BYTES": str(2**28),
    "LOSSGRAD_COMPUTE_THREADS": "1",
}


@dataclass(frozen=True)
class Cluster:
    """Where Ray's proxies listen."""

    grpc: str
    http: str


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Memory is bounded: Ray would take a third of the machine's for its objects."""
    grpc_port, http_port = free_ports(2)
    ray.init(num_cpus=REPLICAS, include_dashboard=False, object_store_memory=2**28)
    try:
        serve.start(
            http_options={"host": "127.0.0.1", "port": http_port},
            grpc_options={
                "port": grpc_port,
                "grpc_servicer_functions": ["lossgrad_service.ray_serve.servicer.add_to_server"],
            },
        )
        serve.run(replicated(), name="lossgrad", route_prefix="/")
        yield Cluster(f"127.0.0.1:{grpc_port}", f"http://127.0.0.1:{http_port}")
    finally:
        serve.shutdown()
        ray.shutdown()


def replicated() -> serve.Application:
    """Return the application with replicas that share this machine, within small limits."""
    runtime_env = {"env_vars": LIMITS}
    return LossGrad.options(
        num_replicas=REPLICAS,
        ray_actor_options={"num_cpus": 1, "runtime_env": runtime_env},
    ).bind()


def free_ports(count: int) -> list[int]:
    """Return ports that nobody has: Ray cannot be asked for any free one."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
