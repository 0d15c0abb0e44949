"""The ways of making one and the same call, and what they are compared with."""

from lossgrad_service.benchmarks.ways.catalogue import WAYS, open_ways, ways_to
from lossgrad_service.benchmarks.ways.way import Way, is_taken

__all__ = ["WAYS", "Way", "is_taken", "open_ways", "ways_to"]
