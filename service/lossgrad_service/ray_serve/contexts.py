"""A call that Ray's proxy has passed on, as our handlers know calls of gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from typing import Any, Protocol

from lossgrad_service.grpc_api.contexts import END, Metadata
from lossgrad_service.grpc_api.handlers import FEWER_ROWS, too_large

Callback = Callable[[object], None]


class Passed(Protocol):
    """What Ray keeps of a call, its ``RayServegRPCContext``; sent back to the proxy."""

    def invocation_metadata(self) -> Any:
        """Return what came with the call."""
        ...

    def peer(self) -> str:
        """Return the caller's address, as the proxy sees it."""
        ...

    def set_code(self, code: Any) -> None:
        """Have the call end with a code."""
        ...

    def set_details(self, details: str) -> None:
        """Have the call end with a text."""
        ...

    def set_trailing_metadata(self, trailing_metadata: Any) -> None:
        """Have metadata follow the answer."""
        ...


class ProxiedContext:
    """The part of ``grpc.aio.ServicerContext`` that our handlers use.

    Ray does not pass on how much time a caller allows. It cancels the call where that is over,
    or the caller gone.

    Parameters
    ----------
    passed
        What Ray keeps of the call.
    messages
        Those of the caller.
    most_bytes
        Of a message: nothing before this has looked at its size.
    send
        Takes the replies of a stream.
    """

    def __init__(
        self,
        passed: Passed,
        messages: AsyncIterator[bytes],
        most_bytes: int,
        send: Callable[[bytes], Any],
    ) -> None:
        self._passed = passed
        self._messages = messages
        self._most_bytes = most_bytes
        self._send = send
        self._callbacks: list[Callback] = []
        self.invocation_metadata = self._metadata
        self.peer = passed.peer
        self.set_code = passed.set_code
        self.set_details = passed.set_details

    def _metadata(self) -> Metadata:
        return tuple(tuple(pair) for pair in self._passed.invocation_metadata())

    def set_trailing_metadata(self, metadata: Metadata) -> None:
        """Have metadata follow the answer."""
        self._passed.set_trailing_metadata(list(metadata))

    def time_remaining(self) -> None:
        """Return nothing: Ray keeps it to itself."""

    def add_done_callback(self, callback: Callback) -> None:
        """Have something called once the call is over."""
        self._callbacks.append(callback)

    async def read(self) -> Any:
        """Return the next message, or `END`.

        Raises
        ------
        TooLarge
            Where it is over the limit.
        """
        message = await anext(self._messages, END)
        if message is not END and len(message) > self._most_bytes:
            raise too_large(len(message), self._most_bytes, FEWER_ROWS)
        return message

    async def send_initial_metadata(self, metadata: Metadata) -> None:
        """Send nothing: Ray has the head of its own."""

    async def write(self, message: bytes) -> None:
        """Send a message, once the one before was taken."""
        await self._send(message)

    @contextmanager
    def lasting(self) -> Generator[None]:
        """Call what is to be called at the end of a with-block, the last added first."""
        try:
            yield
        finally:
            for callback in reversed(self._callbacks):
                callback(self)
