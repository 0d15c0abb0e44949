"""Memory handed to a server as a caller of another make would, rightly and wrongly."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from lossgrad.v1 import lossgrad_pb2 as pb

PAGE = 4096
SEALS = 0x1 | 0x2 | 0x4
"""Of seals, against shrinking, and against growing."""

NAME = "of-a-caller"
"""Of files, by which they are found among what a process has mapped."""


def memory_file(size: int = PAGE, seals: int = SEALS, *, allocated: bool = True) -> int:
    """Return the descriptor of a file in memory."""
    descriptor = os.memfd_create(NAME, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, size)
    if allocated and size:
        os.posix_fallocate(descriptor, 0, size)
    fcntl.fcntl(descriptor, 1033, seals)
    return descriptor


def n_mapped() -> int:
    """Return how many mappings of such files this process has."""
    return Path("/proc/self/maps").read_text().count(f"memfd:{NAME}")


@contextmanager
def side(path: Path) -> Iterator[socket.socket]:
    """Connect to the side socket of a Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.settimeout(20)
        connection.connect(f"{path}.memory")
        yield connection


def hand_over(
    connection: socket.socket, *descriptors: int, token: str = ""
) -> pb.ShareMemoryResponse:
    """Send descriptors and return the answer."""
    request = pb.ShareMemoryRequest(token=token).SerializeToString()
    socket.send_fds(connection, [request], descriptors)
    return pb.ShareMemoryResponse.FromString(connection.recv(2048))


@contextmanager
def shared(path: Path, size: int = PAGE, token: str = "") -> Iterator[tuple[bytes, SharedFile]]:
    """Share a file; yield its handle and its bytes."""
    descriptor = memory_file(size)
    try:
        with side(path) as connection:
            answer = hand_over(connection, descriptor, token=token)
            assert answer.handle, answer.refusal
            yield answer.handle, SharedFile(descriptor, size)
    finally:
        os.close(descriptor)


class SharedFile:
    """Reads and writes a file without mapping it."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self.size = size

    def write(self, offset: int, array: np.ndarray) -> None:
        os.pwrite(self._descriptor, array.tobytes(), offset)

    def read(self, offset: int, like: np.ndarray) -> np.ndarray:
        data = os.pread(self._descriptor, like.nbytes, offset)
        return np.frombuffer(data, like.dtype).reshape(like.shape)

    def truncate(self, size: int) -> None:
        os.ftruncate(self._descriptor, size)

    def punch(self) -> None:
        """Give all its pages back, which no seal of those forbids."""
        keep_size, punch_hole = 1, 2
        libc = ctypes.CDLL(None, use_errno=True)
        size = ctypes.c_long(self.size)
        assert not libc.fallocate(self._descriptor, keep_size | punch_hole, ctypes.c_long(0), size)
