"""The cyclic garbage collector, tuned for bodies that become millions of lists."""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 1_000, 100, 10
"""Allocations until the youngest generation is collected, and how many of those until the next.

Every gRPC call leaves a cycle behind that holds its metadata, five objects of grpcio's own, and a
stream that was cut off leaves more. 200 calls of 8 KiB are kept until the youngest generation is
collected, which takes less than 2 ms; those of thousands that were open at the same time,
until the oldest is.
"""


def relax_collector() -> None:
    """Collect less often, and leave out what exists already.

    Parsed JSON holds no cycles, but every list of it counts as an allocation, and
    Python's own thresholds walk all of them again and again: a body of 3 million
    lists takes 1.4 s to parse with those, 1.0 s with these, and no other thread
    runs meanwhile.
    """
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)


def leave_out_what_serves() -> None:
    """Leave out, once the server is there, what lives as long as it does.

    Otherwise all calls wait 20 ms whenever the middle generation is collected.
    """
    gc.collect()
    gc.freeze()
