"""The service on a Ray of this machine: two replicas behind Ray's own proxies, and a key."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import sample

import pytest
import ray
import yaml
from ray import serve

from lossgrad.transports.tokens import VARIABLE
from lossgrad_service.access.caller import Quota
from lossgrad_service.access.keys import entry_of, fields_of
from lossgrad_service.access.tokens import digest_of, new_token
from lossgrad_service.ray_serve.application import LossGrad

REPLICAS = 2
CONFIG = yaml.safe_load((Path(__file__).parents[2] / "deploy/ray/serve.yaml").read_text())
TOKEN = new_token()
KEY = entry_of(fields_of("tests", digest_of(TOKEN), Quota(None, None)))
SETTINGS = {
    "LOSSGRAD_INSECURE": "true",
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
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    """Memory is bounded: Ray would take a third of the machine's for its objects."""
    keys_file = tmp_path_factory.mktemp("keys") / "keys.toml"
    keys_file.write_text(KEY)
    ray.init(num_cpus=REPLICAS, include_dashboard=False, object_store_memory=2**28)
    grpc_port, http_port = free_ports(2)
    try:
        serve.start(
            http_options=CONFIG["http_options"] | {"port": http_port},
            grpc_options=CONFIG["grpc_options"] | {"port": grpc_port},
            controller_options=CONFIG["controller_options"],
        )
        serve.run(replicated(keys_file), name="lossgrad", route_prefix="/")
        yield Cluster(f"127.0.0.1:{grpc_port}", f"http://127.0.0.1:{http_port}")
    finally:
        serve.shutdown()
        ray.shutdown()


@pytest.fixture(autouse=True)
def shown(monkeypatch) -> None:
    """Have clients show the key."""
    monkeypatch.setenv(VARIABLE, TOKEN)


def replicated(keys_file: Path) -> serve.Application:
    """Return the application with replicas that share this machine, within small limits."""
    runtime_env = {"env_vars": SETTINGS | {"LOSSGRAD_KEYS_FILE": str(keys_file)}}
    return LossGrad.options(
        num_replicas=REPLICAS,
        ray_actor_options={"num_cpus": 1, "runtime_env": runtime_env},
    ).bind()


def free_ports(count: int) -> list[int]:
    """Return ports that nobody has: Ray cannot be asked for any free one.

    They are not among those that the system hands out, nor among those of Ray's workers:
    many are taken before Ray takes these.
    """
    return list(islice(filter(is_free, sample(range(20_000, 32_000), 1000)), count))


def is_free(port: int) -> bool:
    with socket.socket() as candidate:
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
