"""Memory that real processes share, one of them killed while it counts."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from lossgrad_service.metrics import Place, Slab
from lossgrad_service.metrics.processes import usage_of
from lossgrad_service.metrics.slab import shared_memory
from lossgrad_service.workers.handover import arguments_of
from tests.metrics.reading import value_of
from tests.running import PATIENCE_SECONDS, read_line

COUNTS = """
import sys
from lossgrad_service.metrics import Meter
from lossgrad_service.workers.handover import place_in

place = place_in(sys.argv[1:])
place.take()
place.set_ready(True)
meter = Meter(place.row)
meter.begun("Compute", "grpc")
for _ in range(1000):
    meter.begun("Compute", "http")
    meter.ended("Compute", "http", "OK", 0.001, {}, received=7)
print("counted", flush=True)
while True:
    meter.streamed("sent", 0)
"""


@contextmanager
def counting(descriptor, number):
    """Run a process that counts in a place for as long as it lives."""
    place = Place(Slab.at(descriptor, 2), number)
    command = [sys.executable, "-c", COUNTS, *arguments_of(descriptor, place)]
    process = subprocess.Popen(command, pass_fds=[descriptor], stdout=subprocess.PIPE, text=True)
    with process:
        try:
            assert read_line(process) == "counted\n"
            yield process
        finally:
            process.kill()


@pytest.fixture(params=["memory", "file"])
def descriptor(request, monkeypatch):
    if request.param == "file":
        monkeypatch.delattr(os, "memfd_create")
    made = shared_memory(2)
    try:
        yield made
    finally:
        os.close(made)


def received(slab):
    return value_of(slab, "lossgrad_received_bytes_total", method="Compute", transport="http")


def in_flight(slab):
    return value_of(slab, "lossgrad_in_flight_calls", method="Compute", transport="grpc")


def test_two_processes_count_and_one_that_is_killed_counts_on(descriptor):
    slab = Slab.at(descriptor, 2)
    killed = Place(slab, 1)
    with counting(descriptor, 0) as lasting, counting(descriptor, 1) as process:
        assert (received(slab), in_flight(slab)) == (14_000, 2)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
        killed.leave()
        killed.count_restart("exit")
        assert (received(slab), in_flight(slab)) == (14_000, 1)
        assert value_of(slab, "lossgrad_worker_ready", worker="1") == 1
        assert value_of(slab, "lossgrad_worker_ready", worker="2") == 0
        assert value_of(slab, "lossgrad_worker_start_time_seconds", worker="2") == 0
        assert usage_of(lasting.pid) is not None
        with counting(descriptor, 1):
            assert (received(slab), in_flight(slab)) == (21_000, 2)
            assert value_of(slab, "lossgrad_worker_restarts_total", worker="2", cause="exit") == 1


def test_memory_is_nobody_elses(descriptor):
    assert os.fstat(descriptor).st_nlink == 0
    assert not os.get_inheritable(descriptor)


def test_memory_that_is_too_small_is_refused(descriptor):
    with pytest.raises(ValueError, match="size"):
        Slab.at(descriptor, 3)


def test_a_process_alone_shares_with_nobody():
    first, second = Place.alone(), Place.alone()
    first.count_restart("exit")
    name = "lossgrad_worker_restarts_total"
    assert value_of(first.slab, name, worker="1", cause="exit") == 1
    assert value_of(second.slab, name, worker="1", cause="exit") == 0


def test_a_process_that_ended_uses_nothing():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        assert process.wait(PATIENCE_SECONDS) == 0
    assert usage_of(process.pid) is None


def test_use_of_the_machine_rises():
    before = usage_of(os.getpid())
    held = mmap.mmap(-1, 64 * 2**20)
    held.write(bytes(len(held)))
    while usage_of(os.getpid()).cpu_seconds == before.cpu_seconds:
        held[:4096] = bytes(4096)
    assert usage_of(os.getpid()).resident_bytes > before.resident_bytes
