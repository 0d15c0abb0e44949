"""glibc's malloc in servers and clients: tuned by default, and only where that is wanted."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from textwrap import dedent

import pytest

from lossgrad import allocator
from lossgrad_service.runtime import memory
from lossgrad_service.runtime.settings import Settings
from tests.running import PATIENCE_SECONDS

needs_mallinfo = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"),
    reason="needs the mallinfo2 of glibc 2.33",
)

MAPPINGS = """
    import ctypes

    FIELDS = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()

    class Mallinfo(ctypes.Structure):
        _fields_ = [(name, ctypes.c_size_t) for name in FIELDS]

    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = Mallinfo

    def is_mapped(mebibytes):
        before = mallinfo().hblks
        block = b"x" * (mebibytes << 20)
        with_it = mallinfo().hblks
        del block
        assert mallinfo().hblks == before
        return with_it > before
"""


def mapped_in_a_child(preparation, *arguments, **variables):
    """Return whether blocks of 16 and 64 MiB get mappings of their own after `preparation`."""
    inherited = {name: text for name, text in os.environ.items() if "MALLOC" not in name}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            dedent(MAPPINGS) + preparation + "\nprint(is_mapped(16), is_mapped(64))",
            *arguments,
        ],
        env={**inherited, **variables},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    return done.stdout.split()


TUNE = "from lossgrad.allocator import tune_unless_told; tune_unless_told()"
CALL = "import lossgrad, sys; lossgrad.Client(sys.argv[1]).info()"
SERVE = "from tests.running import running_server\nwith running_server(): pass"
TUNED = ["False", "True"]
DEFAULT = ["True", "True"]


@needs_mallinfo
def test_freed_memory_is_kept_up_to_a_size():
    assert mapped_in_a_child(TUNE) == TUNED
    assert mapped_in_a_child("import lossgrad") == DEFAULT


@needs_mallinfo
@pytest.mark.parametrize(
    "variables",
    [
        {"LOSSGRAD_MALLOC": "default"},
        {"MALLOC_MMAP_THRESHOLD_": "131072"},
        {"MALLOC_ARENA_MAX": "2"},
        {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=131072"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_variables_leave_malloc_as_it_is(variables):
    assert mapped_in_a_child(TUNE, **variables) == DEFAULT


@needs_mallinfo
def test_client_tunes_its_process_when_it_connects(running):
    for target in (running.grpc, running.http):
        assert mapped_in_a_child(CALL, target) == TUNED
        assert mapped_in_a_child(CALL, target, LOSSGRAD_MALLOC="default") == DEFAULT


@needs_mallinfo
def test_server_tunes_its_process():
    assert mapped_in_a_child(SERVE) == TUNED


@pytest.mark.parametrize(("choice", "calls"), [("tuned", ["kept", "shared"]), ("default", [])])
def test_setting_chooses(monkeypatch, choice, calls):
    called = []
    monkeypatch.setattr(memory, "keep_freed_memory", lambda: called.append("kept") or True)
    monkeypatch.setattr(memory, "share_one_arena", lambda: called.append("shared"))
    memory.tune_malloc(Settings(malloc=choice))
    assert called == calls


class Library:
    """A C library whose mallopt takes thresholds up to a largest."""

    def __init__(self, largest):
        self.largest = largest
        self.parameters = {}

    def mallopt(self, parameter, value):
        if value > self.largest:
            return 0
        self.parameters[parameter] = value
        return 1


def test_thresholds_are_set_where_they_can_be():
    library = Library(2**31 - 1)
    assert allocator.set_thresholds(library)
    assert library.parameters == {-3: 32 << 20, -1: 256 << 20}


def test_one_threshold_is_not_set_without_the_other():
    library = Library(2**20)
    assert not allocator.set_thresholds(library)
    assert library.parameters == {}


def test_arenas_are_limited_to_one():
    library = Library(2**31 - 1)
    assert allocator.limit_arenas(library)
    assert library.parameters == {-8: 1}


def test_other_libraries_are_left_alone():
    assert not allocator.set_thresholds(object())
    assert not allocator.limit_arenas(object())


def test_names_are_the_settings():
    field = Settings.model_fields["malloc"]
    assert field.default == allocator.TUNED
    assert allocator.VARIABLE == "LOSSGRAD_MALLOC"
    assert Settings(malloc=allocator.DEFAULT).malloc == allocator.DEFAULT
