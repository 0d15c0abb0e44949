"""Batches that lie on several devices, in a process that has two."""

from __future__ import annotations

import os
import subprocess
import sys

STEPS = """
import jax
import jax.numpy as jnp
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from integrations.jax_losses.recording import Recording
from lossgrad.jax import cross_entropy

client = Recording()
rows = PartitionSpec("rows")
mesh = jax.make_mesh((2,), ("rows",), axis_types=(AxisType.Auto,))
scores, labels = jnp.sin(jnp.arange(24.0).reshape(8, 3)), jnp.arange(8) % 3
x, y = (jax.device_put(array, NamedSharding(mesh, rows)) for array in (scores, labels))
whole = jax.value_and_grad(lambda x: cross_entropy(x, labels, client=client))(scores)

def of_shard(x, y):
    loss, gradient = jax.value_and_grad(cross_entropy)(x, y, client=client, denominator=8.0)
    return jax.lax.psum(loss, "rows"), gradient

ways = {
    "eager": jax.value_and_grad(lambda x, y: cross_entropy(x, y, client=client)),
    "jit": jax.jit(jax.value_and_grad(lambda x, y: cross_entropy(x, y, client=client))),
    "shards": jax.jit(jax.shard_map(
        of_shard, mesh=mesh, in_specs=rows, out_specs=(PartitionSpec(), rows), check_vma=False
    )),
}
for name, way in ways.items():
    client.taken()
    loss, gradient = jax.block_until_ready(way(x, y))
    is_close = jnp.allclose(loss, whole[0]) and jnp.allclose(gradient, whole[1])
    print(name, len(client.taken()), bool(is_close))
"""


def test_shards_and_what_is_gathered():
    ended = subprocess.run(
        [sys.executable, "-c", STEPS],
        env=os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    found = ended.stdout.split("\n")[:-1]
    assert found == ["eager 1 True", "jit 1 True", "shards 2 True"], ended.stderr
