"""Memory that callers on the same machine share with a worker.

A caller hands a sealed file over the `side_socket` and gets a handle, by which its calls name
places in `Memories`. The file is mapped from then until the connection ends and no call
uses it any more. Nothing in here knows gRPC.
"""

from lossgrad_service.shared_memory.listener import side_socket
from lossgrad_service.shared_memory.memories import NOWHERE, Memories, Memory

__all__ = ["NOWHERE", "Memories", "Memory", "side_socket"]
