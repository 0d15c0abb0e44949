"""Whether, and where, a server takes memory from callers: part of the composition."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lossgrad.codecs.sharing import SUFFIX
from lossgrad_service.access.caller import Door
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.runtime.unix_socket import fits, owner_only, reserved_path
from lossgrad_service.shared_memory import Memories, side_socket

_log = logging.getLogger(__name__)


@contextmanager
def taking_memory(settings: Settings, memories: Memories, door: Door) -> Iterator[None]:
    """Take memory beside the Unix socket, if there is one and the settings allow it.

    Raises
    ------
    OSError
        Where the path of the side socket cannot be had.
    """
    with ExitStack() as stack:
        path = _side_path(settings)
        if path is not None:
            stack.enter_context(reserved_path(path))
            with owner_only():
                stack.enter_context(side_socket(path, memories, door))
        yield


def _side_path(settings: Settings) -> Path | None:
    """Return where the side socket goes; None where there is to be none."""
    path = settings.unix_socket
    if path is None or not settings.shared_memory_bytes or sys.platform != "linux":
        return None
    side = path.with_name(path.name + SUFFIX)
    if fits(side):
        return side
    _log.warning("no memory is shared: %s is too long for a Unix socket", side)
    return None
