"""A worker as its supervisor sees it."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, Self

from lossgrad_service.metrics.catalogue import Restart
from lossgrad_service.workers.line import READY, REPLACED, decode_line, encode_line

# -P: what lies in the current directory is not to be imported, as with `lossgrad` itself.
COMMAND = (sys.executable, "-P", "-m", "lossgrad_service.workers.worker")


class Ending(NamedTuple):
    """How a process ended: as it is counted, and in words."""

    cause: Restart
    words: str


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
        self._hung = False

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

    @property
    def was_ready(self) -> bool:
        """Whether the worker has said that it is ready."""
        return self._said == READY

    async def becomes_ready(self) -> bool:
        """Wait until the worker is ready, or has ended before that."""
        # A process that ends without having read its settings resets the connection.
        with suppress(ConnectionError):
            self._said = decode_line(await self._reader.readline())
        return self.was_ready

    async def end(self) -> Ending:
        """Wait until the process has ended and return how."""
        code = await self._process.wait()
        self._writer.close()
        words = f"signal {-code}" if code < 0 else f"exit code {code}"
        if self._hung:
            return Ending("hung", f"{words} from its supervisor, as it hung")
        if not self.was_ready:
            return Ending("unready", f"{words}: {self._said}" if self._said else words)
        return Ending("signal" if code < 0 else "exit", words)

    def stop(self) -> None:
        """Let the worker end in order, once the calls under way are done."""
        self._writer.close()

    def retire(self) -> None:
        """Let the worker end likewise, as another one takes calls in its place."""
        self._writer.write(encode_line(REPLACED))
        self._writer.close()

    def kill_as_hung(self) -> None:
        """End the process at once, for the reason that it hangs."""
        self._hung = True
        self.kill()

    def kill(self) -> None:
        """End the process at once."""
        if self._process.returncode is None:
            self._process.kill()
