"""The keys file on disk: read again when it has changed, and kept when it has become wrong."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lossgrad_service.access import key_file
from lossgrad_service.access.key_file import KeyFile, read_keys
from lossgrad_service.runtime.wrong_settings import WrongSettings
from tests.access.clock import Clock
from tests.access.files import entry


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text(entry("a", "1"))
    return path


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def file(path, clock):
    return KeyFile(path, clock)


def names(file):
    return [key.caller.name for key in file.keys]


def error(code):
    return OSError(code, os.strerror(code))


def look(file, clock):
    clock.now += 1
    return file.look()


def test_a_change_is_taken_in(file, path, clock):
    assert not look(file, clock)
    path.write_text(entry("a", "1") + entry("b", "2"))
    assert look(file, clock)
    assert names(file) == ["a", "b"]
    assert not look(file, clock)


def test_it_is_looked_at_once_a_second(file, path, clock):
    path.write_text(entry("bb", "1"))
    clock.now = 0.999
    assert not file.look()
    clock.now = 1.0
    assert file.look()


def test_a_file_of_the_same_size_and_time_that_took_its_place(file, path, clock):
    before = path.stat()
    fresh = path.with_suffix(".new")
    fresh.write_text(entry("b", "1"))
    os.utime(fresh, ns=(before.st_atime_ns, before.st_mtime_ns))
    fresh.replace(path)
    assert path.stat().st_size == before.st_size
    assert look(file, clock)
    assert names(file) == ["b"]


def test_a_wrong_file_changes_nothing_and_is_warned_of_once(file, path, clock, caplog):
    path.write_text("[[key]]")
    for _ in range(3):
        assert not look(file, clock)
    assert names(file) == ["a"]
    (warning,) = caplog.messages
    assert warning.startswith(f"the keys file {path} is wrong: key 1: ")
    path.write_text(entry("bb", "1"))
    assert look(file, clock)
    assert names(file) == ["bb"]


def test_a_file_that_is_gone_and_comes_back(file, path, clock, caplog):
    path.unlink()
    for _ in range(3):
        assert not look(file, clock)
    assert names(file) == ["a"]
    assert caplog.messages == [
        f"the keys file {path} cannot be read: No such file or directory; give one that the "
        "server's user may read, as 'lossgrad key NAME >> FILE' makes it; "
        "the keys that it had before still count"
    ]
    path.write_text(entry("b", "1"))
    assert look(file, clock)


@pytest.fixture
def opening(monkeypatch):
    """Have files fail to open by the errors in this list, one each time."""
    failures = []

    def open_or_fail(path, mode="r", **named):
        if failures:
            raise failures.pop(0)
        return really_open(path, mode, **named)

    really_open = Path.open
    monkeypatch.setattr(Path, "open", open_or_fail)
    return failures


def test_a_change_that_cannot_be_read_is_not_lost(file, path, clock, caplog, opening):
    path.write_text(entry("bb", "1"))
    opening += [error(code) for code in (errno.EACCES, errno.EACCES, errno.EMFILE)]
    for _ in range(3):
        assert not look(file, clock)
    assert names(file) == ["a"]
    assert ["Permission denied" in text for text in caplog.messages] == [True, False]
    assert look(file, clock)
    assert names(file) == ["bb"]


def test_a_failure_that_comes_again_is_warned_of_again(file, path, clock, caplog, opening):
    for name in ("bb", "ccc"):
        path.write_text(entry(name, "1"))
        opening.append(error(errno.EACCES))
        assert not look(file, clock)
        assert look(file, clock)
    assert len(caplog.messages) == 2


def test_a_wrong_file_is_parsed_once(file, path, clock, monkeypatch):
    path.write_text("[[key]]")
    assert not look(file, clock)
    monkeypatch.setattr(key_file, "parse_keys", None)
    assert not look(file, clock)


def test_a_file_of_the_same_size_and_time_that_was_written_in_its_place(file, path, clock):
    before = path.stat()
    path.write_text(entry("b", "1"))
    while path.stat().st_ctime_ns == before.st_ctime_ns:  # until the kernel's clock has ticked
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_ino) == (before.st_size, before.st_ino)
    assert look(file, clock)
    assert names(file) == ["b"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff", "is wrong: not UTF-8 at byte 0"),
        (b"#" * (2**20 + 1), "is wrong: larger than 1048576 bytes"),
        (b"", "is wrong: has no"),
    ],
)
def test_a_wrong_file_at_the_start(path, data, said):
    path.write_bytes(data)
    with pytest.raises(WrongSettings, match=said):
        KeyFile(path)


def test_a_folder(tmp_path):
    with pytest.raises(WrongSettings, match="cannot be read: Is a directory"):
        read_keys(tmp_path)
