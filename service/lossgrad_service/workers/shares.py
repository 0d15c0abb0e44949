"""What each worker gets of the settings that are for all of them together."""

from __future__ import annotations

from lossgrad_service.runtime.settings import Settings


def shares_of(settings: Settings) -> list[Settings]:
    """Return the settings of each worker.

    The shares of the threads and of the bytes that are held for calls are equal, as
    connections are spread evenly, and one thread at least. The Unix socket, which cannot be
    shared, is the first's.
    """
    threads = max(1, settings.compute_threads // settings.workers)
    admitted = max(1, settings.admission_bytes // settings.workers)
    first = settings.model_copy(update={"compute_threads": threads, "admission_bytes": admitted})
    other = first.model_copy(update={"unix_socket": None})
    return [first] + [other] * (settings.workers - 1)
