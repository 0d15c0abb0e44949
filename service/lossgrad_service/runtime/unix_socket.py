"""The path of a Unix socket: taken over when stale, its owner's only, removed at exit.

A socket is bound beside its path and then moved there, so that a process can take over from
another that still listens.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


def beside(path: Path) -> Path:
    """Return where a socket is bound that is to be published at `path`; no longer than that.

    Raises
    ------
    OSError
        Where the folder is missing, or the path is too long.
    """
    _check_place(path)
    return path.with_name(f"~{path.name[1:]}")


@contextmanager
def published(bound: Path, path: Path) -> Iterator[None]:
    """Move a socket that listens to `path`, and remove it at exit, unless another took its place.

    Who listened there before loses no caller: it still has those that came until then.

    Raises
    ------
    OSError
        Where a file lies at `path` that is no socket.
    """
    if _is_there(path):
        _keep_rights(path, bound)
    bound.replace(path)
    ours = _identity(path)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            if _identity(path) == ours:
                path.unlink()


def _keep_rights(before: Path, now: Path) -> None:
    """Let in whom the socket before let in."""
    found = before.stat()
    # Its group may be one that this process may not give.
    with suppress(PermissionError):
        os.chown(now, -1, found.st_gid)
        now.chmod(stat.S_IMODE(found.st_mode))


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


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
    if not _is_there(path):
        return
    if not _is_stale(path):
        raise OSError(f"cannot listen on {path}: another server does")
    path.unlink()


def _is_there(path: Path) -> bool:
    """Return whether there is a socket.

    Raises
    ------
    FileExistsError
        Where there is something else.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(f"{path} is in the way: not a socket, so it is left alone")
    return True


def _is_stale(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        # A busy server's full backlog would otherwise block here.
        probe.setblocking(False)
        return probe.connect_ex(str(path)) == errno.ECONNREFUSED
