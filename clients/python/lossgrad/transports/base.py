"""What a transport is: one method that sends a request and brings back the reply."""

from __future__ import annotations

from typing import Protocol

from lossgrad.endpoints import Endpoint, Reply, Request


class Transport(Protocol):
    """A blocking way to the service; safe to use from many threads and after a fork."""

    def send(self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float) -> Reply:
        """Make one attempt of at most `timeout` seconds.

        Raises
        ------
        LossGradError
            Whatever goes wrong.
        """
        ...

    def close(self) -> None:
        """Give back connections; later sends are refused."""
        ...


class AsyncTransport(Protocol):
    """The same for coroutines; usable from several event loops in turn."""

    async def send(
        self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float
    ) -> Reply:
        """Make one attempt of at most `timeout` seconds; see `Transport.send`."""
        ...

    async def close(self) -> None:
        """Give back connections; later sends are refused."""
        ...
