"""The path of a Unix socket: taken over when stale, its owner's only, removed at exit."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST_PATH = 107
"""Most bytes of a path; the kernel's 108 have a zero at the end."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""The rights of all but the owner."""


@contextmanager
def owner_only() -> Iterator[None]:
    """Have sockets that are bound inside be for their owner's processes only.

    Changed afterwards, others could have connected before. The mask is the process's, so
    that files of other threads are meanwhile their owner's only, too.
    """
    before = os.umask(_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def reserved_path(path: Path) -> Iterator[None]:
    """Make `path` free to listen on, and remove what is there at exit.

    Raises
    ------
    OSError
        As `require_free`.
    """
    require_free(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def require_free(path: Path) -> None:
    """Remove what an earlier server left at `path`.

    Raises
    ------
    OSError
        Where a server listens there, a file lies there that is no socket, the folder
        is missing, or the path is too long.
    """
    _check_place(path)
    _remove_stale(path)


def fits(path: Path) -> bool:
    """Return whether a path is short enough for a Unix socket."""
    return len(os.fsencode(path)) <= LONGEST_PATH


def _check_place(path: Path) -> None:
    length = len(os.fsencode(path))
    if not fits(path):
        raise OSError(
            f"cannot listen on {path}: a Unix socket's path has {LONGEST_PATH} bytes at most, "
            f"not {length}; choose a shorter one"
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot listen on {path}: there is no folder {path.parent}")


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(f"{path} is in the way: not a socket, so it is left alone")
    if not _is_stale(path):
        raise OSError(f"cannot listen on {path}: another server does")
    path.unlink()


def _is_stale(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        # A busy server's full backlog would otherwise block here.
        probe.setblocking(False)
        return probe.connect_ex(str(path)) == errno.ECONNREFUSED
