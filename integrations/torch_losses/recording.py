"""A client that remembers what it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lossgrad


class Recording(lossgrad.Client):
    """Keeps the arguments and the result of each call within `recorded`."""

    calls: list[dict[str, Any]] | None = None
    results: list[lossgrad.Result]

    def compute(self, **arguments: Any) -> lossgrad.Result:
        result = super().compute(**arguments)
        if self.calls is not None:
            self.calls.append(arguments)
            self.results.append(result)
        return result

    @contextmanager
    def recorded(self) -> Iterator[list[dict[str, Any]]]:
        self.calls, self.results = [], []
        try:
            yield self.calls
        finally:
            self.calls = None
