"""A worker counts where its supervisor's version has the same numbers, and else alone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from contextlib import contextmanager
from itertools import chain

import pytest

from lossgrad_service.metrics import Meter, Place, Slab
from lossgrad_service.metrics.slab import shared_memory
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.workers.handover import arguments_of, place_in
from lossgrad_service.workers.line import READY, encode_line
from lossgrad_service.workers.process import COMMAND
from tests.metrics.reading import value_of
from tests.running import PATIENCE_SECONDS

OTHERS = {
    "of a version without a checksum": lambda told: told[:4],
    "of another layout": lambda told: (*told[:4], "0badc0de"),
    "of a version that knows no seats": lambda told: (*told[:2], *told[3:]),
    "of a version that says more": lambda told: (*told, "more"),
    "of a version that says nothing": lambda _: (),
}

others = pytest.mark.parametrize("changed", OTHERS.values(), ids=OTHERS)


@contextmanager
def two_places():
    """Yield the descriptor of memory that two workers count in, and the second one's place."""
    descriptor = shared_memory(2)
    try:
        yield descriptor, Place(Slab.at(descriptor, 2), 1, 1)
    finally:
        os.close(descriptor)


def refusals(slab):
    return value_of(slab, "lossgrad_refusals_total", cause="bytes")


def test_a_place_is_handed_over():
    with two_places() as (descriptor, place):
        taken = place_in(arguments_of(os.dup(descriptor), place))
        assert (taken.number, taken.seat, taken.slab.places) == (1, 1, 2)
        Meter(taken.row).refused("bytes")
        assert refusals(place.slab) == 1


def test_the_descriptor_is_closed():
    with two_places() as (descriptor, place):
        handed = os.dup(descriptor)
        place_in(arguments_of(handed, place))
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(handed)


@others
def test_under_a_supervisor_of_another_version_a_worker_counts_alone(changed, caplog):
    with two_places() as (descriptor, place):
        taken = place_in(changed(arguments_of(descriptor, place)))
        Meter(taken.row).refused("bytes")
        assert (refusals(taken.slab), refusals(place.slab)) == (1, 0)
        assert not any(map(any, chain.from_iterable(place.slab.rows())))
    [told] = caplog.records
    assert told.levelname == "WARNING"
    assert "another version" in told.message
    assert "restart the service" in told.message


def said_and_logged(settings, arguments, descriptor):
    """Return what a worker says to its supervisor once it started, and its log until it stops."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        started = subprocess.Popen(
            (*COMMAND, *arguments), stdin=theirs, stderr=subprocess.PIPE, pass_fds=[descriptor]
        )
        with started as worker:
            ours.settimeout(PATIENCE_SECONDS)
            ours.sendall(encode_line(settings.model_dump_json()))
            said = ours.recv(99)
            ours.close()
            return said, worker.communicate(timeout=PATIENCE_SECONDS)[1].decode()


def test_a_worker_of_such_a_supervisor_serves_and_says_so_in_its_log():
    settings = Settings(grpc_port=0, http_port=0, log_level="warning", lame_duck_seconds=0)
    with two_places() as (descriptor, place):
        arguments = arguments_of(descriptor, place)[:4]
        said, log = said_and_logged(settings, arguments, descriptor)
        assert not any(map(any, chain.from_iterable(place.slab.rows())))
    assert said == encode_line(READY)
    line = json.loads(log)
    assert line["level"] == "warning"
    assert "restart the service" in line["event"]
