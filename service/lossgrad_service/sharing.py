"""Whether, where and how a server takes memory from callers: part of the composition."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lossgrad.codecs.sharing import SUFFIX
from lossgrad_service.access.caller import Door
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.runtime.unix_socket import fits, owner_only, published
from lossgrad_service.shared_memory import Memories, side_socket

_log = logging.getLogger(__name__)


def side_path(settings: Settings) -> Path | None:
    """Return where memory is taken, beside the Unix socket; None where it is not."""
    path = settings.unix_socket
    if path is None or not settings.shared_memory_bytes or sys.platform != "linux":
        return None
    side = path.with_name(path.name + SUFFIX)
    if fits(side):
        return side
    _log.warning("no memory is shared: %s is too long for a Unix socket", side)
    return None


@contextmanager
def taking_memory(path: Path, bound: Path, memories: Memories, door: Door) -> Iterator[None]:
    """Take memory at `path`, where nobody connects before it listens at `bound`.

    Raises
    ------
    OSError
        Where the path cannot be had.
    """
    with ExitStack() as stack:
        with owner_only():
            stack.enter_context(side_socket(bound, memories, door))
        stack.enter_context(published(bound, path))
        yield
