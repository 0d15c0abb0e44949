"""Sealed files: whole and of these sources, or not there."""

from __future__ import annotations

import os

import pytest

from lossgrad_service.kernels.compiling.store import Store

DATA = bytes(range(100))


@pytest.fixture
def store(tmp_path):
    return Store([tmp_path / "first", tmp_path / "second"], b"stamp")


def test_what_was_written_is_read(store):
    assert store.read("a") is None
    assert store.write("a", DATA)
    assert store.read("a") == DATA
    assert store.places == {"a": store.directories[0]}


def test_nothing_else_is_left(store):
    store.write("a", DATA)
    store.write("a", DATA[1:])
    assert [path.name for path in store.directories[0].iterdir()] == ["a"]
    assert store.read("a") == DATA[1:]


def test_other_sources_find_nothing_and_take_the_place(store):
    other = Store(store.directories, b"other stamp")
    store.write("a", DATA)
    assert other.read("a") is None
    assert other.write("a", DATA[1:])
    assert other.read("a") == DATA[1:]
    assert store.read("a") is None


def flipped(data):
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    "damage", [lambda data: data[:0], lambda data: data[:10], lambda data: data[:-1], flipped]
)
def test_damaged_file_counts_as_missing(store, damage):
    store.write("a", DATA)
    path = store.directories[0] / "a"
    path.write_bytes(damage(path.read_bytes()))
    assert store.read("a") is None
    assert store.write("a", DATA)
    assert store.read("a") == DATA


def test_second_directory_is_read_where_the_first_has_nothing(store):
    Store(store.directories[1:], b"stamp").write("a", DATA)
    assert store.read("a") == DATA
    assert store.places == {"a": store.directories[1]}


def test_directory_that_is_none_is_passed_over(store):
    store.directories[0].write_text("in the way")
    assert store.read("a") is None
    assert store.write("a", DATA)
    assert store.read("a") == DATA
    assert store.places == {"a": store.directories[1]}


def test_nowhere_to_write(store):
    for directory in store.directories:
        directory.write_text("in the way")
    assert not store.write("a", DATA)
    assert store.places == {"a": None}


def test_full_disk_leaves_no_half_of_a_file(store, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert not store.write("a", DATA)
    assert [list(directory.iterdir()) for directory in store.directories] == [[], []]
