"""The process's memory allocator, set up for messages."""

from __future__ import annotations

from lossgrad.allocator import TUNED, keep_freed_memory, share_one_arena
from lossgrad_service.runtime.settings import Settings


def tune_malloc(settings: Settings) -> None:
    """Have freed memory kept for the next messages, in one heap, where the settings say so."""
    if settings.malloc == TUNED and keep_freed_memory():
        share_one_arena()
