"""The examples of the page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "service/lossgrad_service/page/site/examples"


@dataclass(frozen=True)
class Example:
    name: str
    text: str
    request: dict[str, Any]


def example(name: str) -> Example:
    """Return an example by its name."""
    document = json.loads((FOLDER / f"{name}.json").read_text())
    return Example(name, document["text"], document["request"])


EXAMPLES = tuple(example(path.stem) for path in sorted(FOLDER.glob("*.json")))
