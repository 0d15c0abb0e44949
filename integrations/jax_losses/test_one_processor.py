"""A process with one processor: JAX's one thread would wait for itself for ever.

A callback's arrays are copied by the threads that callbacks run in (jax-ml/jax#24255).
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

STEPS = """
import os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import jax
jax.config.update("jax_cpu_enable_async_dispatch", sys.argv[1] == "asynchronous")
import jax.numpy as jnp, lossgrad
from lossgrad.jax import cross_entropy

client = lossgrad.Client("local:", timeout=1.0)
x, y = jnp.ones((400, 400)), jnp.zeros(400, int)  # too large to be copied at once
gradient = jax.jit(jax.grad(lambda x: cross_entropy(2 * x, y, client=client)))
gradients = [gradient(x + k) for k in range(int(sys.argv[2]))]
print(jax.block_until_ready(gradients)[-1].shape)
"""


def run(dispatch, steps):
    return subprocess.run(
        [sys.executable, "-c", STEPS, dispatch, str(steps)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


needs_affinity = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="processors cannot be taken away here"
)


@needs_affinity
def test_synchronous_dispatch_never_waits_for_itself():
    ended = run("synchronous", 50)
    assert ended.stdout.strip() == "(400, 400)", ended.stderr


@needs_affinity
def test_asynchronous_dispatch_ends_with_a_word_if_it_does_not_succeed():
    """Whether a step finds the thread free is chance; a hang it never is."""
    ended = run("asynchronous", 5)
    advice = "jax_cpu_enable_async_dispatch"
    assert ended.stdout.strip() == "(400, 400)" or advice in ended.stderr, ended.stderr
