"""What the server holds, whatever is sent: a child process's memory is looked at."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import lossgrad
from lossgrad_service.child import COMMAND, running_child

HEALTHY = {"scores": [[1.0, 2.0]], "labels": [0]}
MEBIBYTE = 2**20

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read from /proc"
)


@pytest.fixture
def child():
    with running_child(COMMAND, 2) as child:
        yield child


@pytest.fixture
def client(child):
    with lossgrad.Client(child.addresses["gRPC"]) as client:
        client.compute(**HEALTHY)
        yield client


def memory_of(child, field):
    status = Path(f"/proc/{child.pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) * 1024


def test_the_server_never_holds_the_batch(child, client):
    """512 MiB of scores, and of their gradients, pass through a server that grows by little."""
    idle = memory_of(child, "VmRSS")
    scores = np.broadcast_to(np.zeros(1, np.float32), (2**14, 2**13))
    result = client.compute(scores=scores, labels=np.zeros(2**14, np.int64))
    assert result.loss == pytest.approx(13 * np.log(2), rel=1e-12)
    assert memory_of(child, "VmHWM") - idle < 150 * MEBIBYTE


@pytest.mark.parametrize("rows", [700, 1400])
def test_calls_that_fail_leave_nothing_behind(child, client, rows):
    """In one message, or as a stream: 200 to 500 MiB of them."""
    idle = memory_of(child, "VmRSS")
    wrong = np.full((rows, 500), np.nan, np.float32)
    for _ in range(150):
        with pytest.raises(lossgrad.InvalidArgument, match="must be finite"):
            client.compute(scores=wrong, labels=np.zeros(rows, np.int64))
    assert memory_of(child, "VmHWM") - idle < 150 * MEBIBYTE
