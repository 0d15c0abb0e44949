"""docs/protocol.md shows what the server really answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.service.web import compute

TEXT = (Path(__file__).parents[2] / "docs/protocol.md").read_text()


def test_the_error_shown_is_the_answer_to_the_request_shown(running):
    answer, request = map(json.loads, re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL))
    assert compute(running.http, request).json == answer
