"""What a start is refused for, before anything listens."""

from __future__ import annotations

from lossgrad_service.access.exposure import require_guarded
from lossgrad_service.access.key_file import read_keys
from lossgrad_service.access.tls import tls_files_of
from lossgrad_service.runtime.settings import Settings


def require_sound(settings: Settings) -> None:
    """Check who could reach the server, and that keys and certificates can be used.

    Raises
    ------
    WrongSettings
        What is wrong, and what to do.
    """
    require_guarded(settings)
    if settings.keys_file is not None:
        read_keys(settings.keys_file)
    tls = tls_files_of(settings)
    if tls is not None:
        tls.context()
