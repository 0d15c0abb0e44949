"""What Ray's HTTP proxies do beside routing: they tell of lost replicas.

``lossgrad_service.ray_serve.middleware.middlewares`` is the path that the variable
``RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH`` of Ray's processes takes.
"""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lossgrad_service.http_api.answers import Answers
from lossgrad_service.http_api.refusing import refusal
from lossgrad_service.ray_serve.lost_replicas import LOST


class Answered:
    """ASGI middleware: Ray leaves a call without an answer whose replica is lost."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503 where nobody answered."""
        is_answered = False

        async def send_on(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        await self._app(scope, receive, send_on)
        if scope["type"] == "http" and not is_answered:
            await Answers(refusal(scope, LOST))(scope, receive, send)


def middlewares() -> list[Middleware]:
    """Return what Ray's HTTP proxies put around themselves."""
    return [Middleware(Answered)]
