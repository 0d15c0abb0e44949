"""What servers of the compose file answer over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import RemoteDisconnected
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from tests.running import PATIENCE_SECONDS


def answer_when(url: str, is_right: Callable[[Any], bool]) -> Any:
    """Return the JSON of `url` once it is right; what it was like is told where it never is."""
    until = monotonic() + PATIENCE_SECONDS
    while not is_right(answer := _answer(url)):
        assert monotonic() < until, f"{url} still answers {json.dumps(answer)}"
        sleep(0.5)
    return answer


def _answer(url: str) -> Any:
    """Return what a server says, `{}` while it says nothing."""
    try:
        with urlopen(url) as answer:
            return json.load(answer)
    except (URLError, RemoteDisconnected, ConnectionResetError):
        return {}
