"""The page and the reference over HTTP: files with the headers that browsers heed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from lossgrad_service.page import FILES, PageFile

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a page may load: our own files and nothing else; no script and no style within the HTML."""


def add_page(app: FastAPI) -> None:
    """Serve every file of the page and of the reference."""
    for file in FILES:
        app.router.add_route(file.path, _endpoint(file), include_in_schema=False)


def _endpoint(file: PageFile) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        headers = _headers(file)
        if _has(request, file.etag):
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers=headers, media_type=file.media_type)

    return serve


def _headers(file: PageFile) -> dict[str, str]:
    # no-cache: kept, but asked for every time, so that an upgrade is seen at once.
    always = {"etag": file.etag, "cache-control": "no-cache"}
    return always | {"content-security-policy": _POLICY} if file.is_html else always


def _has(request: Request, etag: str) -> bool:
    """Tell whether the caller's own copy is still right."""
    own = request.headers.get("if-none-match", "")
    return etag in (entry.strip().removeprefix("W/") for entry in own.split(","))
