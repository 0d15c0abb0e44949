"""What a stream comes to, counted as it does."""

from __future__ import annotations

from lossgrad.types import Problem
from lossgrad_service.calls.call import Call, dtype_of
from lossgrad_service.metrics import Meter
from lossgrad_service.metrics.catalogue import Dtype


class Progress:
    """Counts what passes of a stream, once a message or a block; used on one event loop.

    Streams last for minutes: counted at their ends they would look idle, and then like peaks.

    Parameters
    ----------
    call
        The stream's.
    meter
        Counts all calls.
    """

    __slots__ = ("_call", "_dtype", "_meter", "_n_classes")

    def __init__(self, call: Call, meter: Meter) -> None:
        call.is_counted = True
        self._call = call
        self._meter = meter
        self._n_classes = 0
        self._dtype: Dtype = "float32"

    def opened(self, declared: Problem) -> None:
        """Note what is to be computed, before any of it is."""
        self._n_classes = declared.n_classes
        self._dtype = dtype_of(declared)

    def received(self, size: int) -> None:
        """Count a message from its caller."""
        self._call.received += size
        self._meter.streamed("received", size)

    def sent(self, size: int) -> None:
        """Count a message that is on its way to its caller."""
        self._call.sent += size
        self._meter.streamed("sent", size)

    def computed(self, n_rows: int) -> None:
        """Count the rows that were computed since the last time, given how many are by now."""
        more = n_rows - self._call.rows
        if more:
            self._call.rows = n_rows
            method, transport, _ = self._call.head
            self._meter.computed(method, transport, self._dtype, more, more * self._n_classes)
