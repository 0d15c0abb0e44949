"""The most memory that a service holds for a while."""

from __future__ import annotations

import threading

from tests.abuse.served import LOOK_SECONDS, Served


class Peak:
    """The most memory that a service holds within a with-block, looked at all the time."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.memory = served.holdings().memory

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        self.memory = max(self.memory, self._served.holdings().memory)
