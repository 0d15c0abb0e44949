"""The service as an application of Ray Serve: what holds of a server holds behind Ray's proxies."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator

import grpc
import numpy as np
import pytest
from ray.serve.schema import ServeDeploySchema

import lossgrad
from lossgrad.endpoints import COMPUTE
from lossgrad.errors import DeadlineExceeded, InvalidArgument, Unauthenticated
from lossgrad.transports.tokens import VARIABLE
from lossgrad_service.ray_serve import application, middleware, routed, servicer
from lossgrad_service.runtime.settings import Settings
from tests.admission.gates import until
from tests.behaviour import problems
from tests.clusters.conftest import CONFIG, REPLICAS, TOKEN
from tests.running import channel_to
from tests.sharded.comparing import assert_alike

SHOWN = {"authorization": f"Bearer {TOKEN}"}
PROBLEMS = {
    "small": problems.labelled("x", rows=9, dtype=np.float32) | {"reg": 0.1},
    "large": problems.labelled("h1", rows=3000, classes=400, hidden=40, dtype=np.float32),
}


@pytest.fixture(scope="module")
def local() -> Iterator[lossgrad.Client]:
    with lossgrad.Client("local:") as client:
        yield client


@pytest.fixture(params=["grpc", "http"])
def client(request, cluster) -> Iterator[lossgrad.Client]:
    with lossgrad.Client(getattr(cluster, request.param)) as client:
        yield client


def same(result: lossgrad.Result, expected: lossgrad.Result) -> bool:
    arrays = expected.arrays
    return result.scalars == expected.scalars and all(
        result.arrays[name].tobytes() == array.tobytes() for name, array in arrays.items()
    )


def test_small_calls(client, local):
    assert same(client.compute(**PROBLEMS["small"]), local.compute(**PROBLEMS["small"]))


def test_streams(cluster, local):
    problem = PROBLEMS["large"] | {"want": ["loss", "dscores", "dw2", "dh1"]}
    with lossgrad.Client(cluster.grpc) as client:
        result = client.compute(**problem)
    assert same(result, local.compute(**problem))
    assert result.timing["compute"] > 0


def test_checks_and_info(client):
    assert client.check(**PROBLEMS["small"]).ok
    assert client.info().limits.max_request_bytes == 2**21


def test_what_is_wrong_is_told_with_its_violations(client):
    problem = PROBLEMS["small"] | {"x": np.full((9, 2), np.nan, np.float32)}
    with pytest.raises(InvalidArgument) as caught:
        client.compute(**problem)
    assert [violation.field for violation in caught.value.violations] == ["x"]


@pytest.mark.parametrize("token", [None, "of-nobody"])
@pytest.mark.parametrize("way", ["grpc", "http"])
@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_who_shows_no_key_is_let_nowhere(cluster, monkeypatch, way, problem, token):
    monkeypatch.delenv(VARIABLE)
    with (
        lossgrad.Client(getattr(cluster, way), token=token) as client,
        pytest.raises(Unauthenticated),
    ):
        client.compute(**problem)


@pytest.mark.parametrize("row", [0, 2999])
@pytest.mark.parametrize("want", [["loss"], ["dscores"]], ids=str)
def test_what_is_wrong_with_a_stream(cluster, row, want):
    hidden = PROBLEMS["large"]["h1"].copy()
    hidden[row, 1] = np.inf
    with lossgrad.Client(cluster.grpc) as client, pytest.raises(InvalidArgument) as caught:
        client.compute(**PROBLEMS["large"] | {"h1": np.tile(hidden, 10), "want": want} | wide(10))
    (violation,) = caught.value.violations
    assert (violation.field, f"({row}, 1) is inf" in violation.detail) == ("h1", True)


def wide(times: int) -> dict[str, np.ndarray]:
    """Return weights for hidden activations that are some times as wide."""
    return {"w2": np.tile(PROBLEMS["large"]["w2"], (times, 1))}


def test_messages_over_the_limit(cluster):
    """No client of ours would send them."""
    with channel_to(cluster.grpc) as channel:
        compute = channel.unary_unary(COMPUTE.rpc)
        with pytest.raises(grpc.RpcError) as caught:
            compute(bytes(2**21 + 1), metadata=tuple(SHOWN.items()))
    assert caught.value.code() == grpc.StatusCode.OUT_OF_RANGE


def test_bodies_over_the_limit(cluster):
    headers = {"Content-Type": "application/json", **SHOWN}
    request = urllib.request.Request(f"{cluster.http}/v1/compute", bytes(2**21 + 1), headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 413


def test_time_is_limited(cluster):
    with lossgrad.Client(cluster.grpc) as client, pytest.raises(DeadlineExceeded):
        client.compute(**PROBLEMS["large"], timeout=0.001)


def test_calls_are_counted(cluster):
    """By each replica: a scrape goes to one of them."""
    scrape = urllib.request.Request(f"{cluster.http}/metrics", headers=SHOWN)
    line = r'lossgrad_requests_total\{method="Compute",transport="grpc",code="OK"\} [1-9]'
    with lossgrad.Client(cluster.grpc) as client:

        def is_counted():
            client.compute(**PROBLEMS["small"])
            return re.search(line, urllib.request.urlopen(scrape).read().decode())

        until(is_counted)


def test_a_batch_over_the_replicas(cluster, local):
    problem = PROBLEMS["large"] | {"want": ["loss", "dscores", "dw2", "db2", "dh1", "accuracy"]}
    with lossgrad.ShardedClient([cluster.grpc] * REPLICAS) as client:
        results = [client.compute(**problem) for _ in range(3)]
    for result in results:
        assert_alike(result, local.compute(**problem), parts=REPLICAS)


def test_configuration_is_what_ray_takes():
    schema = ServeDeploySchema.model_validate(CONFIG)
    (deployed,) = schema.applications
    module, name = deployed.import_path.split(":")
    assert (module, name) == (application.__name__, "application")
    assert [each.name for each in deployed.deployments] == [application.LossGrad.name]
    assert schema.grpc_options.grpc_servicer_functions == [
        f"{servicer.__name__}.{servicer.add_to_server.__name__}"
    ]
    variables = schema.controller_options.runtime_env["env_vars"]
    assert variables == {
        "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": (
            f"{middleware.__name__}.{middleware.middlewares.__name__}"
        )
    }


def test_configuration_repeats_settings():
    ports = CONFIG["grpc_options"]["port"], CONFIG["http_options"]["port"]
    usual = Settings.model_fields
    assert ports == (usual["grpc_port"].default, usual["http_port"].default)
    (deployed,) = CONFIG["applications"]
    names = deployed["runtime_env"]["env_vars"]
    assert {name.removeprefix("LOSSGRAD_").lower() for name in names} <= set(usual)


def test_methods_are_named_as_in_the_proto():
    for name in (*routed.UNARY, *routed.STREAMS):
        assert callable(getattr(application.LossGrad.func_or_class, name))
