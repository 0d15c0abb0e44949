"""What a supervisor and its worker say to each other, a line of text each.

The worker's standard input is one end of a pair of sockets. The supervisor sends the
worker's settings; the worker sends `READY` once it is, or else what keeps it from that. The
supervisor sends `REPLACED` to a worker that is to end because another takes calls in its
place. When either end closes, the other process has stopped or tells this one to.
"""

from __future__ import annotations

READY = "ready"
REPLACED = "replaced"


def encode_line(text: str) -> bytes:
    """Return a text, of however many lines, as one line."""
    return " ".join(text.splitlines()).encode() + b"\n"


def decode_line(line: bytes) -> str:
    """Return the text of a line, empty where the other end closed before it."""
    return line.decode().rstrip("\n")
