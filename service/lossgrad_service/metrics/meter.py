"""What calls report to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from itertools import product
from typing import Final, NamedTuple, get_args

from lossgrad_service.metrics.catalogue import (
    CODES,
    COMPUTING,
    SECONDS,
    Cancellation,
    Direction,
    Dtype,
    MethodName,
    Phase,
    Refusal,
    Transport,
)
from lossgrad_service.metrics.cells import cell_of


class _Way(NamedTuple):
    """The cells of the calls of one method over one transport."""

    codes: dict[str, int]
    duration: int
    phases: dict[str, int]
    received: int
    sent: int
    rows: int
    in_flight: int

    @classmethod
    def of(cls, method: str, transport: str) -> _Way:
        return cls(
            {code: cell_of("lossgrad_requests_total", method, transport, code) for code in CODES},
            cell_of("lossgrad_request_duration_seconds", method, transport),
            _phases_of(method, transport),
            cell_of("lossgrad_received_bytes_total", method, transport),
            cell_of("lossgrad_sent_bytes_total", method, transport),
            cell_of("lossgrad_rows_total", method, transport),
            cell_of("lossgrad_in_flight_calls", method, transport),
        )


def _phases_of(method: str, transport: str) -> dict[str, int]:
    """Return the cells of the phases of a method, none where it computes nothing."""
    if method not in COMPUTING:
        return {}
    name = "lossgrad_phase_duration_seconds"
    return {phase: cell_of(name, method, transport, phase) for phase in get_args(Phase)}


_WAYS: Final = {way: _Way.of(*way) for way in product(get_args(MethodName), get_args(Transport))}
_CELLS: Final = {dtype: cell_of("lossgrad_kernel_cells_total", dtype) for dtype in get_args(Dtype)}
_STREAMED: Final = {
    direction: (
        cell_of("lossgrad_stream_messages_total", direction),
        cell_of(f"lossgrad_{direction}_bytes_total", "ComputeStream", "grpc"),
    )
    for direction in get_args(Direction)
}
"""The cells of the messages of streams, which come over gRPC, and of their bytes."""
_REFUSALS: Final = {cause: cell_of("lossgrad_refusals_total", cause) for cause in get_args(Refusal)}
_CANCELLATIONS: Final = {
    cause: cell_of("lossgrad_cancelled_calls_total", cause) for cause in get_args(Cancellation)
}


class Meter:
    """Counts what calls do, in one row of a slab.

    Its methods add to a few numbers each and wait for nothing. All are called by one thread,
    the event loop's: a number that two threads added to would lose some of it.
    """

    __slots__ = ("_row",)

    def __init__(self, row: memoryview[float]) -> None:
        self._row = row

    def begun(self, method: MethodName, transport: Transport) -> None:
        """Count a call from its head until `ended`, which follows however it ends."""
        self._row[_WAYS[method, transport].in_flight] += 1.0

    def ended(
        self,
        method: MethodName,
        transport: Transport,
        code: str,
        seconds: float,
        phases: Mapping[str, float],
        received: int = 0,
        sent: int = 0,
    ) -> None:
        """Count a call that was begun and has ended.

        Parameters
        ----------
        method, transport
            As it was begun.
        code
            One of `CODES`.
        seconds
            Since its head came.
        phases
            Seconds of it in each phase that it came to.
        received, sent
            Bytes of its messages that were not counted yet.
        """
        row, way = self._row, _WAYS[method, transport]
        row[way.codes[code]] += 1.0
        row[way.in_flight] -= 1.0
        row[way.received] += received
        row[way.sent] += sent
        _observe(row, way.duration, seconds)
        for phase, cell in way.phases.items():
            if phase in phases:
                _observe(row, cell, phases[phase])

    def refused(self, cause: Refusal) -> None:
        """Count a call, or a connection, that was not let in."""
        self._row[_REFUSALS[cause]] += 1.0

    def cancelled(self, cause: Cancellation) -> None:
        """Count a call that was given up before its answer."""
        self._row[_CANCELLATIONS[cause]] += 1.0

    def streamed(self, direction: Direction, size: int) -> None:
        """Count a message of a stream, and its bytes."""
        row, (messages, size_of_all) = self._row, _STREAMED[direction]
        row[messages] += 1.0
        row[size_of_all] += size

    def computed(
        self, method: MethodName, transport: Transport, dtype: Dtype, rows: int, cells: int
    ) -> None:
        """Count rows, and their scores that the kernels went through in a dtype."""
        self._row[_WAYS[method, transport].rows] += rows
        self._row[_CELLS[dtype]] += cells


def _observe(row: memoryview[float], cell: int, seconds: float) -> None:
    """Add a duration to the histogram that begins at a cell: its sum, then its buckets."""
    row[cell] += seconds
    row[cell + 1 + bisect_left(SECONDS, seconds)] += 1.0
