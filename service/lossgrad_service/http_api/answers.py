"""What holds of every answer, whoever gives it."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lossgrad_service.http_api.security_headers import secure

_LARGE: Final = 2**16
"""Bytes that uvicorn takes without waiting for its caller to read."""


class Answers:
    """ASGI middleware: security headers, and large answers that end once they are read.

    uvicorn takes an answer of any size at once and keeps it until it is read. It waits
    before it takes more; so the end of a large answer is sent by itself, and all that the
    call holds is held until its caller has read nearly everything or is cut off.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                secure(message["headers"])
            elif len(message["body"]) > _LARGE:
                await send({**message, "more_body": True})
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        await self._app(scope, receive, send_safely)
