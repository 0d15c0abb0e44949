"""A worker as its supervisor sees it."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

from lossgrad_service.workers.line import READY, decode_line, encode_line

# -P: what lies in the current directory is not to be imported, as with `lossgrad` itself.
COMMAND = (sys.executable, "-P", "-m", "lossgrad_service.workers.worker")


class WorkerProcess:
    """A child process at the other end of a line."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._said = ""

    @classmethod
    async def start(
        cls, settings: str, command: Sequence[str], descriptors: Sequence[int] = ()
    ) -> Self:
        """Start a process and send it its settings.

        Its process group is its own: Ctrl-C reaches the supervisor alone, which then
        stops the workers in order. It is given the descriptors under their numbers.

        Raises
        ------
        OSError
            Where the system has no room for another process.
        """
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=theirs.fileno(), process_group=0, pass_fds=descriptors
            )
            reader, writer = await asyncio.open_connection(sock=ours.dup())
        writer.write(encode_line(settings))
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    async def becomes_ready(self) -> bool:
        """Wait until the worker is ready, or has ended before that."""
        # A process that ends without having read its settings resets the connection.
        with suppress(ConnectionError):
            self._said = decode_line(await self._reader.readline())
        return self._said == READY

    async def end(self) -> str:
        """Wait until the process has ended and return how."""
        code = await self._process.wait()
        self._writer.close()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return how if self._said in ("", READY) else f"{how}: {self._said}"

    def stop(self) -> None:
        """Let the worker end in order, once the calls under way are done."""
        self._writer.close()

    def kill(self) -> None:
        """End the process at once."""
        if self._process.returncode is None:
            self._process.kill()
