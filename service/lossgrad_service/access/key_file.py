"""The keys file on disk: read at the start, and again whenever it has changed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from lossgrad_service.access.keys import Key, WrongKeys, parse_keys
from lossgrad_service.runtime.wrong_settings import WrongSettings

_log = logging.getLogger(__name__)

LARGEST = 2**20
"""Most bytes of a keys file, which is read on the event loop."""

LOOK_SECONDS = 1.0
"""How often the file is looked at, at most."""

Stamp = tuple[int, int, int]
"""Inode, time of change and size, of which one is another where the file is."""


class KeyFile:
    """The keys that a file holds now.

    A file that has become wrong or is gone changes nothing but for a warning in the
    log: the keys are those that it had before.

    Parameters
    ----------
    path
        Where it is.
    clock
        Gives seconds that never go back.

    Raises
    ------
    WrongSettings
        Where the file cannot be read or is wrong at the start.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._next_look = clock() + LOOK_SECONDS
        self._stamp = _stamp_of(path)
        self.keys = read_keys(path)
        """Of all callers."""

    def look(self) -> bool:
        """Take in the file if it has changed; return whether there are other keys now."""
        now = self._clock()
        if now < self._next_look:
            return False
        self._next_look = now + LOOK_SECONDS
        return self._has_changed() and self._read_again()

    def _has_changed(self) -> bool:
        # Before it is read: what is written meanwhile has another stamp at the next look.
        before, self._stamp = self._stamp, _stamp_of(self._path)
        return self._stamp != before

    def _read_again(self) -> bool:
        try:
            self.keys = read_keys(self._path)
        except WrongSettings as error:
            _log.warning("%s; the keys that it had before still count", error)
            return False
        _log.info("%s was read again: %d keys", self._path, len(self.keys))
        return True


def read_keys(path: Path) -> tuple[Key, ...]:
    """Return the keys in a file.

    Raises
    ------
    WrongSettings
        Where it cannot be read or is wrong.
    """
    try:
        return parse_keys(_text(path))
    except OSError as error:
        raise WrongSettings(f"the keys file {path} cannot be read: {error.strerror}") from error
    except WrongKeys as error:
        raise WrongSettings(f"the keys file {path} is wrong: {error}") from error


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise WrongKeys(f"larger than {LARGEST} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise WrongKeys(f"not UTF-8 at byte {error.start}") from error


def _stamp_of(path: Path) -> Stamp | None:
    """Return what is another after a change; None where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
