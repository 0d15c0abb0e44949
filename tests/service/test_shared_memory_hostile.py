"""Callers that rewrite what they share while it is computed with, or die: nobody else notices."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import grpc
import numpy as np
import pytest

import lossgrad
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.running import PATIENCE_SECONDS, channel_to
from tests.service.sharing import shared

STREAM = "/lossgrad.v1.LossGradService/ComputeStream"
N, C = 256, 2000
SIZE = N * C * 4
AT = {"scores": 0, "labels": SIZE, "targets": 2 * SIZE, "dscores": 3 * SIZE, "probs": 4 * SIZE}
FILE_BYTES = 5 * SIZE

WANT = [pb.OUTPUT_DSCORES, pb.OUTPUT_PROBS, pb.OUTPUT_ACCURACY]
OPTIONS = {
    "plain": {},
    "hinge": {"loss": pb.LOSS_HINGE},
    "smooth": {"label_smoothing": 0.1, "z_loss": 0.1},
    "capped": {"softcap": 10.0, "temperature": 0.5},
    "any value": {"nonfinite": pb.NONFINITE_POLICY_PROPAGATE},
    "ignoring": {"ignore_index": -1},
}


@pytest.fixture
def other(neighbour):
    """A healthy call, and a check that its answer is the right one."""
    rng = np.random.default_rng(5)
    arguments = {"scores": rng.normal(size=(64, 50)), "labels": rng.integers(50, size=64)}
    with lossgrad.Client(neighbour.unix) as client, lossgrad.Client("local:") as local:
        expected = local.compute(**arguments)

        def check():
            found = client.compute(**arguments)
            assert found.loss == expected.loss
            np.testing.assert_array_equal(found.dscores, expected.dscores)

        yield check


def messages(handle, second, options):
    """A call that shares scores, with labels or targets, and where its answer goes."""
    is_index = second == "labels"
    beside = pb.Tensor(dtype=pb.DTYPE_I64 if is_index else pb.DTYPE_F32)
    beside.shape.extend([N] if is_index else [N, C])
    scores = pb.Tensor(dtype=pb.DTYPE_F32, shape=[N, C])
    yield pb.ComputeStreamRequest(
        open=pb.ComputeRequest(scores=scores, want=WANT, **{second: beside}, **options)
    )

    def piece(name, size):
        return pb.SharedInput(
            input=pb.Input.Value(f"INPUT_{name.upper()}"),
            bytes=pb.SharedBytes(handle=handle, offset=AT[name], size=size),
        )

    if is_index:
        yield pb.ComputeStreamRequest(shared=pb.SharedPieces(inputs=[piece("labels", 8 * N)]))
    outputs = [
        pb.SharedOutput(
            output=pb.Output.Value(f"OUTPUT_{name.upper()}"),
            bytes=pb.SharedBytes(handle=handle, offset=AT[name], size=SIZE),
        )
        for name in ("dscores", "probs")
    ]
    inputs = [piece("scores", SIZE)] + ([] if is_index else [piece("targets", SIZE)])
    yield pb.ComputeStreamRequest(shared=pb.SharedPieces(inputs=inputs, outputs=outputs))


class Scribbler:
    """Writes all over a file, inputs, indices and answers, while the block lasts."""

    def __init__(self, file):
        self._file = file
        self._over = Event()
        self._thread = Thread(target=self._scribble, daemon=True)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(PATIENCE_SECONDS)

    def _scribble(self):
        rng = np.random.default_rng(0)
        sound = rng.normal(size=FILE_BYTES // 8 // 4).astype(np.float32)
        labels = rng.integers(C, size=N)
        wild = rng.integers(0, 256, FILE_BYTES // 8, np.uint8)
        while not self._over.is_set():
            offset = int(rng.integers(FILE_BYTES // 8 * 7)) // 64 * 64
            self._file.write(offset, wild if rng.random() < 0.3 else sound)
            self._file.write(AT["labels"], labels)


@pytest.mark.parametrize("second", ["labels", "targets"])
def test_inputs_that_change_under_a_computation(socket_path, other, second):
    codes = set()
    with (
        channel_to(f"unix://{socket_path}") as channel,
        shared(socket_path, FILE_BYTES) as (handle, file),
    ):
        method = channel.stream_stream(
            STREAM,
            request_serializer=pb.ComputeStreamRequest.SerializeToString,
            response_deserializer=pb.ComputeStreamResponse.FromString,
        )
        fitting = OPTIONS if second == "labels" else {"smooth": OPTIONS["smooth"], "plain": {}}
        with Scribbler(file):
            for _ in range(5):
                for options in fitting.values():
                    codes.add(_code_of(method(messages(handle, second, options))))
                    other()
    assert codes <= {"OK", "INVALID_ARGUMENT"}


def _code_of(call):
    try:
        list(call)
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


CALLING = """
import os, sys, time
import numpy as np, lossgrad
client = lossgrad.Client(sys.argv[1])
scores = client.empty((512, 20000))
scores[...] = 0.5
labels = np.zeros(512, int)
client.compute(scores=scores, labels=labels)
"""
FOREVER = """
print("calling", flush=True)
while True:
    client.compute(scores=scores, labels=labels)
"""
FORKED = """
if os.fork() == 0:
    print("calling", flush=True)
    time.sleep(100)
time.sleep(100)
"""


@pytest.mark.parametrize("then", [FOREVER, FORKED], ids=["in a call", "with a fork that lives"])
def test_a_caller_is_killed(neighbour, other, then):
    before = n_mapped()
    command = [sys.executable, "-c", CALLING + then, neighbour.unix]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as caller:
        assert caller.stdout.readline() == "calling\n"
        assert n_mapped() > before
        time.sleep(0.05 * (then is FOREVER))  # into a call
        caller.kill()
        _until(lambda: n_mapped() == before)
        os.killpg(caller.pid, signal.SIGKILL)
    other()


def n_mapped():
    """Return how many mappings of clients' memory the server has, which is this process."""
    return Path("/proc/self/maps").read_text().count("memfd:lossgrad")


def _until(holds):
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
