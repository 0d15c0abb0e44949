"""What each worker gets of the settings that are for all of them together."""

from __future__ import annotations

from lossgrad_service.runtime.settings import Settings


def shares_of(settings: Settings) -> list[Settings]:
    """Return the settings of each worker.

    The shares of the threads are equal, as connections are spread evenly, and one thread
    at least. The Unix socket, which cannot be shared, is the first's.
    """
    threads = max(1, settings.compute_threads // settings.workers)
    first = settings.model_copy(update={"compute_threads": threads})
    other = first.model_copy(update={"unix_socket": None})
    return [first] + [other] * (settings.workers - 1)
