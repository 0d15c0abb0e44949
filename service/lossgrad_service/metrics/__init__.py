"""What the service counts: each number once, in memory that all workers of a server share.

A worker writes its own row of a `Slab` and reads all of them, so that whichever one is asked
tells of the whole server. Nothing here knows a wire format, and nothing takes a lock.
"""

from lossgrad_service.metrics.catalogue import CODES
from lossgrad_service.metrics.exposition import CONTENT_TYPE, Exposition
from lossgrad_service.metrics.meter import Meter
from lossgrad_service.metrics.place import Place
from lossgrad_service.metrics.sampling import Sampler
from lossgrad_service.metrics.slab import Slab

__all__ = ["CODES", "CONTENT_TYPE", "Exposition", "Meter", "Place", "Sampler", "Slab"]
