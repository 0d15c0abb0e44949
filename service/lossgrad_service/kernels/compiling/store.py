"""Files that are either whole and of these sources, or not there at all.

What is stored is sealed with a stamp that changes with the sources. A file that was
made from others, cut short or damaged has a wrong seal and counts as missing; the
next one written takes its place.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

_SEAL_BYTES = sha256().digest_size


class Store:
    """Sealed files in several directories.

    Parameters
    ----------
    directories
        Each file is read from the first that has it, and written to the first that
        takes it; a directory may be missing, unreadable, read-only or full.
    stamp
        What tells these sources from others.
    """

    def __init__(self, directories: Sequence[Path], stamp: bytes) -> None:
        self.directories = tuple(directories)
        self.places: dict[str, Path | None] = {}
        """The directory of each file that was read or written, None where none took it."""
        self._stamp = stamp

    def read(self, name: str) -> bytes | None:
        """Return what was written under `name`, None where no directory has it."""
        for directory in self.directories:
            data = self._unsealed(directory / name)
            if data is not None:
                self.places[name] = directory
                return data
        return None

    def write(self, name: str, data: bytes) -> bool:
        """Keep `data` under `name`; return whether a directory took it."""
        self.places[name] = None
        for directory in self.directories:
            with suppress(OSError):
                _write_at_once(directory / name, self._seal(data) + data)
                self.places[name] = directory
                return True
        return False

    def _unsealed(self, path: Path) -> bytes | None:
        try:
            sealed = path.read_bytes()
        except OSError:
            return None
        seal, data = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
        return data if seal == self._seal(data) else None

    def _seal(self, data: bytes) -> bytes:
        return sha256(self._stamp + data).digest()


def _write_at_once(path: Path, data: bytes) -> None:
    """Write a file so that others see nothing of it, or all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{uuid4().hex}")
    try:
        unfinished.write_bytes(data)
        os.replace(unfinished, path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
