"""A server as a process of its own, whose log and memory can be looked at."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from tests.running import read_line
from tests.service.processes import FLAGS, PROGRAM, environment

MEBIBYTE = 2**20

LIMITS = {
    "--max-request-bytes": 2 * MEBIBYTE,
    "--max-response-bytes": MEBIBYTE,
    "--max-tensor-bytes": 16 * MEBIBYTE,
    "--max-stream-bytes": 64 * MEBIBYTE,
    "--max-held-bytes": 8 * MEBIBYTE,
}
"""Low, so that what exceeds them is quickly sent."""

SHOWN_CHARACTERS = 2000
"""How much of a log is shown."""

_COMPLAINT = re.compile(
    r'"level":"(?:warning|error|critical)"|Exception ignored|Fatal Python error'
)


@dataclass
class Served:
    process: subprocess.Popen[str]
    addresses: dict[str, str]
    log: Path
    read: int = 0
    """Characters of the log that were looked at."""

    def assert_unharmed(self) -> None:
        """Hold the server to being alive, and to having logged nothing since that alarms anyone."""
        news = self.log.read_text()[self.read :]
        self.read += len(news)
        assert self.process.poll() is None, news[:SHOWN_CHARACTERS]
        assert not _COMPLAINT.search(news), news[:SHOWN_CHARACTERS]

    def memory(self) -> int:
        """Return the bytes that the process has in memory."""
        return self._status("VmRSS")

    def most_memory(self) -> int:
        """Return the most bytes that it has had since `forget_memory`."""
        return self._status("VmHWM")

    def forget_memory(self) -> None:
        """Begin anew with the most memory."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def _status(self, field: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) * 1024


@contextmanager
def serving(*flags: str, program: tuple[str, ...] = PROGRAM) -> Iterator[Served]:
    """Run ``lossgrad serve`` with `LIMITS` until the block is left."""
    limits = [str(word) for pair in LIMITS.items() for word in pair]
    command = [sys.executable, *program, "serve", *FLAGS, "--workers", "1", *limits, *flags]
    with (
        NamedTemporaryFile("w") as log,
        subprocess.Popen(
            command, env=environment({}), stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            addresses = dict([read_line(process).split() for _ in range(2)])
            yield Served(process, addresses, Path(log.name))
        finally:
            process.kill()
