"""Closing, pickling and forking a client of several servers, and all kinds of targets."""

from __future__ import annotations

import asyncio
import pickle

import numpy as np
import pytest

import lossgrad
from lossgrad import aio as client_aio
from lossgrad import client
from lossgrad.errors import InvalidArgument
from lossgrad.sharded import aio
from lossgrad.sharded import client as client_of_threads
from tests.behaviour import problems
from tests.client.servers import GrpcServer, Script, Stuck
from tests.running import PATIENCE_SECONDS, AsyncSharded, Sharded
from tests.sharded.comparing import assert_alike, assert_equal


def test_after_close(several, targets):
    client = several(targets)
    client.compute(**problems.labelled("scores"))
    client.close()
    client.close()
    for arguments in (problems.labelled("scores"), {"scores": [[0.0]], "labels": [0]}):
        with pytest.raises(InvalidArgument, match="client: is closed; make a new one"):
            client.compute(**arguments)


@pytest.mark.parametrize("kind", [lossgrad.ShardedClient, lossgrad.AsyncShardedClient])
def test_a_copy_has_the_same_targets_and_settings(targets, kind):
    copy = pickle.loads(pickle.dumps(kind(targets, timeout=7, token="t")))
    assert copy.targets == tuple(targets)
    assert repr(copy) == f"{kind.__name__}({targets!r}, timeout=7.0)"


def test_a_copy_computes(targets):
    with pickle.loads(pickle.dumps(Sharded(targets))) as copy:
        copy.compute(**problems.labelled("scores"))


@pytest.mark.parametrize("kind", [lossgrad.ShardedClient, lossgrad.AsyncShardedClient])
def test_no_way_is_opened_but_to_the_targets(monkeypatch, targets, kind):
    opened = []
    for module, name in ((client_of_threads, "open_transport"), (aio, "open_async_transport")):
        monkeypatch.setattr(module, name, lambda target, _: opened.append(target))
    for module, name in ((client, "open_transport"), (client_aio, "open_async_transport")):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("a way that nobody needs"))
    kind(targets)
    assert opened == targets


def test_the_token_goes_to_every_server(several):
    scripts = [Script(), Script()]
    with (
        GrpcServer(scripts[0]) as one,
        GrpcServer(scripts[1]) as two,
        several([one.target, two.target], token="abc") as client,
    ):
        client.compute(**problems.labelled("scores"))
    assert [set(script.shown) for script in scripts] == [{"Bearer abc"}] * 2


@pytest.mark.parametrize("kind", ["HTTP", "local"])
def test_other_ways_to_servers(several, addresses, single, kind):
    target = addresses.get(kind, "local:")
    problem = problems.labelled("h1", rows=40, dtype=np.float32)
    with several([target] * 3) as client:
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


def test_a_task_that_is_cancelled_ends_its_parts(targets):
    stuck = Stuck()

    async def run(target: str) -> None:
        async with AsyncSharded([target, targets[0]]) as client:
            before, own = asyncio.all_tasks(), np.zeros((8, 4), np.float32)
            problem = problems.labelled("scores", rows=8, dtype=np.float32)
            task = client.compute_future(**problem, out={"dscores": own})
            await asyncio.to_thread(stuck.arrived.wait, PATIENCE_SECONDS)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == before
            written = own.copy()
            stuck.released.set()
            await client.compute(**problem)
            assert_equal(own, written, "dscores")

    with GrpcServer(Script(stuck)) as server:
        asyncio.run(asyncio.wait_for(run(server.target), PATIENCE_SECONDS))


def test_several_event_loops_in_turn(targets, single):
    problem = problems.labelled("h1", rows=40, dtype=np.float32)
    client = AsyncSharded(targets)

    async def run() -> lossgrad.Result:
        return await client.compute(**problem)

    for _ in range(2):
        assert_alike(asyncio.run(run()), single.compute(**problem), parts=4)
    asyncio.run(client.close())
