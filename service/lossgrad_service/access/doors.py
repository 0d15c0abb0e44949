"""Which door a server has."""

from __future__ import annotations

from lossgrad_service.access.caller import Door
from lossgrad_service.access.key_file import KeyFile
from lossgrad_service.access.keyring import Keyring
from lossgrad_service.access.open_door import OpenDoor
from lossgrad_service.runtime.settings import Settings


def door_of(settings: Settings) -> Door:
    """Return the door that the settings ask for: by keys where there is a keys file.

    Raises
    ------
    WrongSettings
        Where the keys file cannot be read or is wrong.
    """
    return OpenDoor() if settings.keys_file is None else Keyring(KeyFile(settings.keys_file))
