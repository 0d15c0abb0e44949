"""Requests that are refused before the application sees them whole, and what their callers read."""

from __future__ import annotations

from http import HTTPStatus

from lossgrad.errors import (
    DeadlineExceeded,
    InvalidArgument,
    LossGradError,
    TooLarge,
    Unavailable,
)
from lossgrad_service.calls import accept_request_id
from lossgrad_service.calls.request_id import HEADER
from lossgrad_service.http_api.connections.limits import Limits
from lossgrad_service.http_api.problems import problem_response
from lossgrad_service.http_api.security_headers import SECURITY_HEADERS

_RETRY_SECONDS = 1
"""After which a caller that was turned away may find room."""


class Refused(Exception):
    """A request that is not taken, with the error for its caller."""

    def __init__(self, error: LossGradError, status: int) -> None:
        super().__init__(error)
        self.error = error
        self.status = status

    def encode(self) -> bytes:
        """Return the whole answer, which is the last on its connection."""
        response = problem_response(self.error, self.status)
        response.headers.update({HEADER: accept_request_id(None), "connection": "close"})
        headers = (*response.raw_headers, *SECURITY_HEADERS)
        first = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode()
        lines = (first, *(name + b": " + value for name, value in headers), b"")
        return b"\r\n".join((*lines, bytes(response.body)))


def malformed(text: str) -> Refused:
    """Return the refusal of what is no proper HTTP/1.1 request."""
    return Refused(InvalidArgument.at("", text), 400)


def too_many_connections(limits: Limits) -> Refused:
    """Return the refusal of a connection for which there is no room."""
    text = f"{limits.connections} connections are open, as many as are taken; try again later"
    return Refused(Unavailable(text, retry_after=_RETRY_SECONDS), 503)


def long_url(limits: Limits) -> Refused:
    """Return the refusal of a request for an overlong URL."""
    text = f"the URL has more than {limits.url_bytes} bytes; send arrays in the body"
    return Refused(TooLarge(text, limit="url_bytes"), 414)


def large_head(limits: Limits) -> Refused:
    """Return the refusal of a request with an overlong head."""
    text = f"request line and headers have more than {limits.head_bytes} bytes; send fewer"
    return Refused(TooLarge(text, limit="head_bytes"), 431)


def many_headers(limits: Limits) -> Refused:
    """Return the refusal of a request with too many headers."""
    text = f"the request has more than {limits.headers} headers; send fewer"
    return Refused(TooLarge(text, limit="headers"), 431)


def many_pipelined(limits: Limits) -> Refused:
    """Return the refusal of requests that were not waited for."""
    text = f"more than {limits.pipelined} requests wait for answers on this connection; send later"
    return malformed(text)


def small_chunks() -> Refused:
    """Return the refusal of a body that is sent with more framing than contents."""
    return malformed("the body has too little in its chunks; send chunks of 64 bytes or more")


def late_head(limits: Limits) -> Refused:
    """Return the refusal of a head that does not end."""
    text = f"request line and headers were not complete within {limits.head.seconds:g} s"
    return Refused(DeadlineExceeded(f"{text}; send them at once"), 408)


def late_body(limits: Limits) -> Refused:
    """Return the refusal of a body that comes too slowly."""
    tempo = limits.body
    text = (
        f"the body came too slowly: it must not pause for {tempo.idle_seconds:g} s, bring "
        f"{tempo.bytes_per_second:g} bytes/s and be complete within {tempo.seconds:g} s; send "
        "arrays in base64, or fewer rows at a time"
    )
    return Refused(DeadlineExceeded(text), 408)
