"""Closing, pickling and forking a client of several servers, and all kinds of targets."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import lossgrad
from lossgrad.errors import InvalidArgument
from tests.behaviour import problems
from tests.client.servers import GrpcServer, Script
from tests.running import Sharded
from tests.sharded.comparing import assert_alike


def test_after_close(targets):
    client = Sharded(targets)
    client.compute(**problems.labelled("scores"))
    client.close()
    client.close()
    for arguments in (problems.labelled("scores"), {"scores": [[0.0]], "labels": [0]}):
        with pytest.raises(InvalidArgument, match="client: is closed; make a new one"):
            client.compute(**arguments)


def test_a_copy_has_the_same_targets_and_settings(targets):
    with pickle.loads(pickle.dumps(Sharded(targets, timeout=7, token="t"))) as copy:
        assert copy.targets == tuple(targets)
        assert repr(copy) == f"Sharded({targets!r}, timeout=7.0)"
        copy.compute(**problems.labelled("scores"))


def test_the_token_goes_to_every_server():
    scripts = [Script(), Script()]
    with (
        GrpcServer(scripts[0]) as one,
        GrpcServer(scripts[1]) as two,
        Sharded([one.target, two.target], token="abc") as client,
    ):
        client.compute(**problems.labelled("scores"))
    assert [set(script.shown) for script in scripts] == [{"Bearer abc"}] * 2


@pytest.mark.parametrize("kind", ["HTTP", "local"])
def test_other_ways_to_servers(addresses, single, kind):
    target = addresses.get(kind, "local:")
    problem = problems.labelled("h1", rows=40, dtype=np.float32)
    with Sharded([target] * 3) as client:
        assert_alike(client.compute(**problem), single.compute(**problem), parts=3)


def test_small_calls_go_to_one_server_each():
    scripts = [Script(), Script()]
    with (
        GrpcServer(scripts[0]) as one,
        GrpcServer(scripts[1]) as two,
        lossgrad.ShardedClient([one.target, two.target]) as client,
    ):
        for _ in range(6):
            client.compute(scores=[[1.0, 2.0]] * 4, labels=[0] * 4)
    assert [script.calls for script in scripts] == [3, 3]
