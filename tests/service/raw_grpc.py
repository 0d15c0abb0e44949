"""gRPC frame by frame, as a caller that stalls midway leaves it."""

from __future__ import annotations

DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
ACK = END_STREAM = 1
END_HEADERS = 4
INITIAL_WINDOW = 4


def frame(kind, flags, stream, payload=b""):
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big")
    return head + payload


def greeting(window=None):
    """Return what a connection begins with; `window` is of bytes that each call may answer."""
    settings = b"" if window is None else INITIAL_WINDOW.to_bytes(2, "big") + window.to_bytes(4)
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, settings)


def head(path):
    """Return the head of a call, its fields spelled out."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    return frame(HEADERS, END_HEADERS, 1, b"".join(map(_field, *zip(*fields.items(), strict=True))))


def _field(name, value):
    sizes = (bytes((len(text),)) + text.encode() for text in (name, value))
    return b"\0" + b"".join(sizes)


def message(payload, length=None):
    """Return a whole gRPC message, or the beginning of one that is `length` long."""
    flags = END_STREAM if length is None else 0
    told = len(payload) if length is None else length
    return frame(DATA, flags, 1, b"\0" + told.to_bytes(4, "big") + payload)


def until_heard(connection):
    """Return once the server has taken in what was sent: it answers a PING that follows."""
    connection.sendall(frame(PING, 0, 0, b"are you?"))
    came = b""
    while frame(PING, ACK, 0, b"are you?") not in came:
        more = connection.recv(65536)
        assert more, "the server hung up"
        came += more
