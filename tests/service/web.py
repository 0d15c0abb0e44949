"""HTTP calls with the standard library alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.running import PATIENCE_SECONDS

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def call(
    url: str, body: bytes | None = None, headers: dict[str, str] = JSON, method: str | None = None
) -> Answer:
    request = Request(url, body, headers, method=method)
    try:
        with urlopen(request, timeout=PATIENCE_SECONDS) as response:
            return Answer(response.status, response.headers, response.read().decode())
    except HTTPError as response:
        with response:
            return Answer(response.code, response.headers, response.read().decode())


def compute(base: str, document: Any, **headers: str) -> Answer:
    return call(f"{base}/v1/compute", json.dumps(document).encode(), {**JSON, **headers})


def check(base: str, document: Any, **headers: str) -> Answer:
    return call(f"{base}/v1/check", json.dumps(document).encode(), {**JSON, **headers})
