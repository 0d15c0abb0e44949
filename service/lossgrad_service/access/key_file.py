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

Stamp = tuple[int, int, int, int]
"""Inode, times of change of contents and of rights, and size: one is another where the file is."""


class _Unreadable(WrongSettings):
    """A keys file cannot be read now, whatever it says."""


class KeyFile:
    """The keys that a file holds now.

    A file that has become wrong or is gone changes nothing but for a warning in the
    log: the keys are those that it had before. One that cannot be read is tried again
    at every look.

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
        self._told = ""

    def look(self) -> bool:
        """Take in the file if it has changed; return whether there are other keys now."""
        now = self._clock()
        if now < self._next_look:
            return False
        self._next_look = now + LOOK_SECONDS
        # Before it is read: what is written meanwhile has another stamp at the next look.
        stamp = _stamp_of(self._path)
        return stamp != self._stamp and self._read_again(stamp)

    def _read_again(self, stamp: Stamp | None) -> bool:
        try:
            self.keys = read_keys(self._path)
        except WrongSettings as error:
            self._warn(error)
            if not isinstance(error, _Unreadable):
                self._stamp = stamp
            return False
        self._stamp, self._told = stamp, ""
        _log.info("%s was read again: %d keys", self._path, len(self.keys))
        return True

    def _warn(self, error: WrongSettings) -> None:
        """Warn of what was not warned of just before."""
        if str(error) != self._told:
            self._told = str(error)
            _log.warning("%s; the keys that it had before still count", error)


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
        raise _Unreadable(
            f"the keys file {path} cannot be read: {error.strerror}; give one that the server's "
            "user may read, as 'lossgrad key NAME >> FILE' makes it"
        ) from error
    except WrongKeys as error:
        raise WrongSettings(f"the keys file {path} is wrong: {error}") from error


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise WrongKeys(f"larger than {LARGEST} bytes; remove keys that nobody uses")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise WrongKeys(f"not UTF-8 at byte {error.start}; save it as UTF-8") from error


def _stamp_of(path: Path) -> Stamp | None:
    """Return what is another after a change; None where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size
